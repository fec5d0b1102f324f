"""What a scorecard looks like on paper: JSON, a table for the terminal, reliability plots."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from training.scorecard import Comparison, Scorecard

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from training.win_candidate import WinCandidate


def scorecard_text(candidate: "WinCandidate") -> str:
    """Every estimate's scorecard and comparison with the base rate, as JSON."""
    return json.dumps(
        {
            "serves": candidate.choice.name,
            "rung": candidate.choice.rung,
            "says": candidate.choice.says,
            "scorecards": {name: asdict(card) for name, card in candidate.scorecards.items()},
            "against_base_rate": {name: asdict(c) for name, c in candidate.against_base.items()},
        },
        ensure_ascii=False,
        indent=1,
    )


def write_plots(candidate: "WinCandidate", folder: Path) -> None:
    """A reliability plot of what is served, and one of ours where that is another."""
    for name in dict.fromkeys((candidate.choice.name, "blend")):
        if name in candidate.scorecards:
            suffix = "" if name == candidate.choice.name else f"-{name}"
            figure = reliability_figure(candidate.scorecards[name], f"Said and came: {name}")
            figure.savefig(folder / f"reliability{suffix}.png", dpi=110)


def comparison_table(cards: Mapping[str, Scorecard], against: Mapping[str, Comparison], ours: str) -> list[str]:
    """One line per estimate: its figures, and how far `ours` is ahead of it (negative: ours is better)."""
    lines = [
        f"{'estimate':<16}{'log loss':>9}{'Brier':>8}{'AUC':>7}{'avg prec':>9}{'slope':>7}{'shift':>7}"
        f"   {ours} less this one, 95 %"
    ]
    for name, card in sorted(cards.items(), key=lambda item: item[1].log_loss):
        found = against.get(name)
        difference = "" if found is None else f"{found.difference:+.4f}"
        if found is not None and found.low is not None:
            difference += f" [{found.low:+.4f}, {found.high:+.4f}] {_verdict(ours, found)}"
        lines.append(
            f"{name:<16}{card.log_loss:>9.4f}{card.brier:>8.4f}{_figure(card.auc, 7, 3)}"
            f"{_figure(card.average_precision, 9, 3)}{_figure(card.calibration_slope, 7, 2)}"
            f"{_figure(card.calibration_shift, 7, 2)}   {difference}"
        )
    return lines


def _verdict(ours: str, found: Comparison) -> str:
    return found.verdict if found.verdict == "no different" else f"{ours} is {found.verdict}"


def _figure(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.{digits}f}"


def reliability_figure(scorecard: Scorecard, title: str = "Said and came") -> "Figure":
    """What was said against what came, one point per bin with its 95 % interval; no display is needed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5.5), layout="constrained")
    axes = figure.add_subplot()
    said = [one.mean_probability for one in scorecard.reliability]
    came = [one.rate for one in scorecard.reliability]
    below = [max(one.rate - one.rate_low, 0.0) for one in scorecard.reliability]
    above = [max(one.rate_high - one.rate, 0.0) for one in scorecard.reliability]
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1, label="as said")
    axes.errorbar(said, came, yerr=[below, above], fmt="o", capsize=3, label="share won, 95 %")
    slope = scorecard.calibration_slope
    facts = f"{scorecard.deals:,} deals, log loss {scorecard.log_loss:.3f}"
    axes.set_title(f"{title}\n{facts}" + ("" if slope is None else f", slope {slope:.2f}"), fontsize=11)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="probability said", ylabel="share won", aspect="equal")
    axes.legend(loc="upper left", frameon=False)
    return figure
