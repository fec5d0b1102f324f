"""What is said of one open deal at a moment?"""

from dataclasses import dataclass, field

from training.reasons import Reason


@dataclass(frozen=True)
class Score:
    """What is known of one open deal at a moment.

    `low` and `high` bound an 80 % interval of the probability. `by_days` gives the chance to be won within so many
    days, `around_days` the 80 % interval of that. `close_after_days` is the median time to close if won; `amount` what
    it is expected to close at. The effects of `reasons` add up to log-odds of the probability less those of the base
    rate.
    """

    probability: float | None
    low: float | None
    high: float | None
    by_days: dict[float, float]
    close_after_days: float | None
    amount: float | None
    reasons: tuple[Reason, ...]
    note: str | None
    around_days: dict[float, tuple[float, float]] = field(default_factory=dict)
