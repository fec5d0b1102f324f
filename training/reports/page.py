"""How does a report read as a page? One self-contained file of HTML in English or Chinese, built from blocks.

A page loads nothing from anywhere, prints, reads on a phone and in the dark; every text that comes from a history is
escaped here and nowhere else; behind every plot stands the table it was drawn from. Blocks are made by the functions
below and put into sections:

>>> page = Report("Win backtest", "en", lead="Judged on deals that came later.")
>>> page.section("In short", verdict("The base rate is served.", "neutral"), definitions(["log_loss"], "en"))
>>> page.to_html().startswith('<!doctype html>\\n<html lang="en">')
True
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from training.reports.definitions import DEFINITIONS
from training.reports.plots import Plot
from training.reports.style import STYLE
from training.reports.words import Language, phrase

Tone = Literal["good", "neutral", "bad"]
NUMBER = re.compile(r"^[+\-−±<≥≤~–]?\s?[\d.,]")
NOTHING = "–"


@dataclass(frozen=True)
class Block:
    """A finished piece of a page: markup whose texts are escaped already."""

    markup: str


@dataclass
class Report:
    """A page in one language: a title, a lead of a sentence or two, and sections in their order."""

    title: str
    language: Language
    lead: str = ""
    sections: list[tuple[str, tuple[Block, ...]]] = field(default_factory=list)
    appendix: list[tuple[str, tuple[Block, ...]]] = field(default_factory=list)

    def section(self, heading: str, *blocks: Block, last: bool = False) -> None:
        """Add a section; one without blocks is left out. What is `last` stands behind all that is not."""
        if blocks:
            (self.appendix if last else self.sections).append((heading, blocks))

    def to_html(self) -> str:
        """The whole document."""
        ordered = [*self.sections, *self.appendix]
        named = [(f"s{number}", heading, blocks) for number, (heading, blocks) in enumerate(ordered, 1)]
        contents = "".join(f'<li><a href="#{name}">{escape(heading)}</a></li>' for name, heading, _ in named)
        body = "\n".join(
            f'<section id="{name}"><h2>{escape(heading)}</h2>\n' + "\n".join(b.markup for b in blocks) + "</section>"
            for name, heading, blocks in named
        )
        lang = "zh-CN" if self.language == "zh" else "en"
        lead = f'<p class="lead">{escape(self.lead)}</p>' if self.lead else ""
        jump = f'<nav aria-label="{escape(phrase("contents", self.language))}"><ol>{contents}</ol></nav>'
        return (
            f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style></head><body>"
            f"<header><h1>{escape(self.title)}</h1>{lead}{jump if len(named) > 3 else ''}</header>\n"
            f"<main>{body}</main></body></html>\n"
        )


def paragraph(text: str, *, quiet: bool = False) -> Block:
    """A paragraph; a quiet one is a side remark."""
    return Block(f'<p class="quiet">{escape(text)}</p>' if quiet else f"<p>{escape(text)}</p>")


def verdict(text: str, tone: Tone = "neutral") -> Block:
    """The answer of the page, to be seen first."""
    return Block(f'<p class="verdict {tone}">{escape(text)}</p>')


def bullets(texts: Iterable[str]) -> Block:
    """A list of sentences; nothing where there are none."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return Block(f"<ul>{items}</ul>" if items else "")


def tiles(numbers: Mapping[str, str]) -> Block:
    """A few numbers to see at once: what each is, and the number as text."""
    cells = "".join(f"<div><b>{escape(shown)}</b>{escape(name)}</div>" for name, shown in numbers.items())
    return Block(f'<div class="tiles">{cells}</div>')


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str = "",
    strong: Iterable[str] = (),
) -> Block:
    """A table of texts. Columns of numbers stand to the right; rows whose first cell is in `strong` stand out.

    It scrolls sideways where the page is narrow, its first column staying in view.
    """
    numeric = [
        all(NUMBER.match(row[column]) or row[column] in ("", NOTHING) for row in rows) for column in range(len(head))
    ]
    kinds = [' class="n"' if number and column else "" for column, number in enumerate(numeric)]
    chosen = set(strong)
    top = "".join(f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(head, kinds, strict=True))
    body = "".join(
        f"<tr{' class=strong' if row and row[0] in chosen else ''}>"
        + f'<th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    named = f' role="region" aria-label="{escape(caption)}"' if caption else ""
    return Block(
        f'<div class="scroll" tabindex="0"{named}><table>{told}<thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def figure(plot: Plot, language: Language) -> Block:
    """A plot with its title, a text for those who cannot see it, and its table folded away behind it."""
    behind = folded(phrase("figures", language), table(plot.head, plot.rows)).markup if plot.rows else ""
    return Block(
        f'<figure><figcaption>{escape(plot.title)}</figcaption><div role="img" aria-label="{escape(plot.alt)}">'
        f"{plot.svg}</div>{behind}</figure>"
    )


def figures(plots: Iterable[Plot], language: Language) -> Block:
    """Plots side by side where the page is wide enough."""
    return Block('<div class="plots">' + "".join(figure(plot, language).markup for plot in plots) + "</div>")


def folded(summary: str, *blocks: Block) -> Block:
    """Blocks that are opened by a click, and printed open."""
    inside = "".join(block.markup for block in blocks)
    return Block(f"<details><summary>{escape(summary)}</summary>{inside}</details>")


def definitions(names: Iterable[str], language: Language) -> Block:
    """What each number means, in a plain sentence: the keys of `report_definitions.DEFINITIONS`."""
    told = [DEFINITIONS[name][language] for name in dict.fromkeys(names)]
    return Block("<dl>" + "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in told) + "</dl>")


def number(value: float | None, digits: int = 3, *, sign: bool = False) -> str:
    """A figure as text, a dash where it is not known.

    >>> number(0.12345), number(None), number(-0.5, 1, sign=True), number(0.0004, 2, sign=True)
    ('0.123', '–', '-0.5', '0.00')
    """
    if value is None or value != value:
        return NOTHING
    shown = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    plain = shown.lstrip("+-")
    return plain if not plain.strip("0.") else shown


def percent(value: float | None, digits: int = 0) -> str:
    """A share as text.

    >>> percent(0.8123), percent(None)
    ('81%', '–')
    """
    return NOTHING if value is None or value != value else f"{value:.{digits}%}"


def p_value(value: float | None) -> str:
    """The chance of a test, very small ones without false precision.

    >>> p_value(0.00002), p_value(0.0412), p_value(None)
    ('<0.001', '0.041', '–')
    """
    return "<0.001" if value is not None and value < 0.001 else number(value)


def interval(value: float, low: float | None, high: float | None, digits: int = 4) -> str:
    """A difference with its interval.

    >>> interval(-0.0123, -0.02, -0.004)
    '-0.0123 [-0.0200, -0.0040]'
    """
    shown = number(value, digits, sign=True)
    if low is None or high is None:
        return shown
    return f"{shown} [{number(low, digits, sign=True)}, {number(high, digits, sign=True)}]"
