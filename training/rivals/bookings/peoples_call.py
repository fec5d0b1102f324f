"""The people's own call: what sellers say they will close, where the history has their commit and best case."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.history import History
from training.bookings.pipeline_call import Learned, plain
from training.rivals.bookings.moment import Moment, amounts, by_group

if TYPE_CHECKING:
    from features.bookings.pace import Sales
    from training.bookings.fitting import Deals

Floats = NDArray[np.float64]


class Commit:
    """Amounts of deals that sellers commit to, by expected close."""

    name = "commit"
    meaning = "What is won so far plus the open amounts that sellers commit to, by expected close."
    categories: tuple[str, ...] = ("commit",)

    def points(self, history: History, moments: Sequence[Moment]) -> tuple[Floats, ...] | None:
        """Read the call; nothing is learned."""
        moment = moments[-1]
        held = amounts(moment)
        category = np.array([plain(one) for one in moment.at.open.category.tolist()], object)
        if held is None or not (category != "").any():
            return None
        worth = np.where(np.isin(category.astype(str), self.categories), held, 0.0)
        return tuple(by_group(history, moment, view, worth) for view in moment.views)

    def learn(
        self, history: History, earlier: Sequence[Moment], as_of: datetime, deals: "Deals", every: "Sales"
    ) -> Learned:
        """Which calls count, in full."""
        return Learned(categories=self.categories)


class BestCase(Commit):
    """The same with the best case."""

    name = "best case"
    meaning = "What is won so far plus the open amounts in commit and best case, by expected close."
    categories = ("commit", "bestcase")
