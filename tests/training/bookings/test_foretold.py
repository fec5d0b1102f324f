"""What past moments teach a trial of deals: only what was on record of them by the day it is used."""

from datetime import datetime

import numpy as np

from features.as_of import DAY
from features.bookings.pace import OWNERS, Sales
from features.kernel import MISSING
from training.bookings.foretold import Foretold
from training.bookings.shocks import Counted


def test_wins_recorded_late_are_not_counted_before_they_were_on_record() -> None:
    days, known = np.array([5, 40, 41, 20]), np.array([6, 41, 400, 21]) * DAY
    nobody = {owner: np.full(4, "", object) for owner in OWNERS}
    names, retired = np.array(["open", "also open", "late", "new"], object), np.full(4, MISSING)
    every = Sales(names, days, np.ones(4), nobody, known, retired)
    one = Foretold(0, frozenset({"open", "also open", "late"}), ((30.0, 2.0, 1.0), (90.0, 3.0, 1.5)), 4.0)

    then = one.counted(every.as_of(datetime(1970, 4, 5)))
    assert then == (Counted(2.0, 1.0, 1.0), Counted(3.0, 1.5, 2.0), Counted(4.0, 4.0, 1.0))
    assert one.counted(every.as_of(datetime(1972, 1, 1)))[1].came == 3.0
