"""May this candidate answer in place of the one that is live? By what was judged on later data, never by age alone.

1. What it says must agree with what came, within bounds. The base rate, or whatever is the fallback, always passes.
2. Its rivals may not beat it beyond noise: where one does, that rival is what the candidate serves (`small_data`).
3. Where nothing is live, it goes live: something honest always answers, and says what it is.
4. On the latest fold, worse than the live one beyond noise: refused. Better beyond noise: promoted.
5. Equal within noise: promoted only if it has learned from later data *and* costs no more than `TOLERANCE` of the
   live one's loss. Later data is worth something only where it did no harm, and a tie let through each week without
   a bound would let quality wander off in small steps that are all within noise.
6. Nothing to compare on, as where no outcome has become known since the live one learned: promoted if it has learned
   from as much or more. One that has learned from less must be promoted by hand.

`--force` overrides all of it.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from training.candidate import Verdict

if TYPE_CHECKING:
    from training.candidate import Candidate, ModelBundle
    from training.scorecard import Comparison

__all__ = ["TOLERANCE", "Verdict", "passes"]

TOLERANCE = 0.005
"""A tie may cost so much of the live model's loss; more, and the live one stays."""
LUCK = 0.5
"""Or so many standard errors: on a few deals half a percent is a matter of one of them."""


def passes(candidate: "Candidate", champion: "ModelBundle | None" = None) -> Verdict:
    """Judge a candidate beside the bundle that is live, None where there is none."""
    calibration = candidate.calibration()
    if not calibration.passed:
        return calibration
    if champion is None:
        return Verdict(True, f"{calibration.says} Nothing was live before.")
    found = candidate.beside(champion)
    later = candidate.bundle.until > champion.until
    if found is None:
        return _unseen(candidate, champion)
    name, figures = f"version {champion.version}", _figures(found)
    if found.verdict == "worse":
        return Verdict(False, f"It is worse than the live {name} beyond noise on the latest fold: {figures}.")
    if found.verdict == "better":
        return Verdict(True, f"It is better than the live {name} beyond noise on the latest fold: {figures}.")
    if not later:
        return Verdict(
            False,
            f"It is no better than the live {name} beyond noise ({figures}) and has learned from nothing later.",
        )
    allowed = _allowed(candidate, found)
    if allowed is not None and found.difference > allowed:
        return Verdict(
            False,
            f"It has learned from later data than the live {name} and is not shown to be as good: {figures}, "
            f"where {allowed:.4f} would pass.",
        )
    return Verdict(True, f"It is as good as the live {name} within noise ({figures}) and has learned from later data.")


def _unseen(candidate: "Candidate", champion: "ModelBundle") -> Verdict:
    """Nothing was decided that could tell the two apart."""
    name = f"version {champion.version}"
    if candidate.bundle.until < champion.until:
        return Verdict(
            False,
            f"The live {name} has learned until {_day(champion.until)}, this one until "
            f"{_day(candidate.bundle.until)}, and nothing on record by then shows which is better.",
        )
    return Verdict(
        True,
        f"{candidate.calibration().says} Nothing has been decided since the live {name} learned that could tell "
        "the two apart, and this one has learned from no less.",
    )


def _allowed(candidate: "Candidate", found: "Comparison") -> float | None:
    """How far above the live model's loss a tie may be; None where the loss is not known."""
    loss = _live_loss(candidate, found)
    if loss is None:
        return None
    return max(TOLERANCE * loss, LUCK * (found.error or 0.0))


def _live_loss(candidate: "Candidate", found: "Comparison") -> float | None:
    """About what the live model loses: what the candidate does, less the difference."""
    from training.candidate import main_loss

    figure = main_loss(candidate)
    return None if figure is None else max(figure[1] - found.difference, 0.0)


def _figures(found: "Comparison") -> str:
    interval = "" if found.low is None else f" [{found.low:+.4f}, {found.high:+.4f}]"
    return f"loss {found.difference:+.4f}{interval} against it, over {found.deals:,} subjects"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
