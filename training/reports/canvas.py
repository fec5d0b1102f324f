"""How is a plot drawn as SVG without any plotting library? Axes with round ticks, lines, bands, dots, a legend.

Texts stay texts, so that a page's own fonts draw Chinese, and colours are the page's classes, so that a plot turns
dark with it. Coordinates are rounded to a tenth: the same figures give the same bytes.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 20, 12, 46
LEGEND_LINE = 18
COLOURS = 6

Point = tuple[float, float]
Labels = Sequence[tuple[float, str]]
"""Ticks by hand: where, and what is written there."""


@dataclass
class Canvas:
    """A pair of axes. `x` and `y` are the ranges shown; ticks are round numbers unless given by hand."""

    x: Point
    y: Point
    x_label: str = ""
    y_label: str = ""
    x_ticks: Labels | None = None
    y_ticks: Labels | None = None
    x_format: Callable[[float], str] = "{:g}".format
    y_format: Callable[[float], str] = "{:g}".format
    left: float = LEFT
    height: float = HEIGHT
    drawn: list[str] = field(default_factory=list)
    legend: list[tuple[str, str, str]] = field(default_factory=list)

    def line(self, points: Sequence[Point], style: int, name: str = "", dots: bool = False) -> None:
        """A line through points; `style` 0 to 5 is its colour and its dashes."""
        shown = [point for point in points if all(map(math.isfinite, point))]
        path = " ".join(f"{self._x(x)},{self._y(y)}" for x, y in shown)
        mark = f"s{style % COLOURS} d{style % COLOURS}"
        if len(shown) > 1:
            self.drawn.append(f'<polyline class="line {mark}" points="{path}"/>')
        if dots or len(shown) == 1:
            self.dots(shown, style)
        if name:
            self.legend.append(("line", mark, name))

    def dots(self, points: Sequence[Point], style: int, name: str = "", size: float = 3.6) -> None:
        """A dot at each point."""
        mark = f"f{style % COLOURS}"
        self.drawn += [f'<circle class="{mark}" cx="{self._x(x)}" cy="{self._y(y)}" r="{size:g}"/>' for x, y in points]
        if name:
            self.legend.append(("dot", mark, name))

    def band(
        self, points: Sequence[tuple[float, float, float]], style: int, name: str = "", wide: bool = False
    ) -> None:
        """The area between (x, low, high)."""
        there = [f"{self._x(x)},{self._y(high)}" for x, _, high in points]
        back = [f"{self._x(x)},{self._y(low)}" for x, low, _ in reversed(points)]
        mark = f"f{style % COLOURS}" + (" wide" if wide else "")
        self.drawn.append(f'<polygon class="band {mark}" points="{" ".join([*there, *back])}"/>')
        if name:
            self.legend.append(("band", mark, name))

    def upright(self, x: float, low: float, high: float, style: int) -> None:
        """A vertical interval."""
        self._stroke(x, low, x, high, f"err s{style % COLOURS}")

    def level(self, y: float, low: float, high: float, style: int) -> None:
        """A horizontal interval."""
        self._stroke(low, y, high, y, f"err s{style % COLOURS}")

    def ideal(self, start: Point, end: Point, name: str = "") -> None:
        """A dashed line of reference."""
        self._stroke(*start, *end, "ideal")
        if name:
            self.legend.append(("line", "ideal", name))

    def svg(self) -> str:
        """The drawing."""
        bottom = self.height - BOTTOM
        rows, places = self._legend_places()
        height = self.height + rows * LEGEND_LINE
        ticks_x = self.x_ticks if self.x_ticks is not None else [(v, self.x_format(v)) for v in round_ticks(*self.x)]
        ticks_y = self.y_ticks if self.y_ticks is not None else [(v, self.y_format(v)) for v in round_ticks(*self.y)]
        frame = [
            f'<line class="grid" x1="{self.left:g}" x2="{WIDTH - RIGHT}" y1="{self._y(v)}" y2="{self._y(v)}"/>'
            f'<text class="tick" text-anchor="end" x="{self.left - 6:g}" y="{self._y(v) + 4:.1f}">{escape(t)}</text>'
            for v, t in ticks_y
        ]
        frame += [
            f'<text class="tick" text-anchor="middle" x="{self._x(v)}" y="{bottom + 16:g}">{escape(t)}</text>'
            for v, t in ticks_x
        ]
        frame.append(f'<line class="axis" x1="{self.left:g}" x2="{WIDTH - RIGHT}" y1="{bottom:g}" y2="{bottom:g}"/>')
        middle_x, middle_y = (self.left + WIDTH - RIGHT) / 2, (TOP + bottom) / 2
        frame.append(f'<text text-anchor="middle" x="{middle_x:g}" y="{bottom + 36:g}">{escape(self.x_label)}</text>')
        frame.append(
            f'<text text-anchor="middle" transform="rotate(-90)" x="{-middle_y:g}" y="12">{escape(self.y_label)}</text>'
            if self.y_label
            else ""
        )
        return (
            f'<svg viewBox="0 0 {WIDTH} {height:g}" aria-hidden="true" focusable="false">'
            + "".join([*frame, *self.drawn, *places])
            + "</svg>"
        )

    def _legend_places(self) -> tuple[int, list[str]]:
        """The legend below the axes, as many names to a line as fit."""
        x, row, drawn = self.left, 0, []
        for kind, mark, name in self.legend:
            width = 34 + text_width(name)
            if x + width > WIDTH and x > self.left:
                x, row = self.left, row + 1
            y = self.height + row * LEGEND_LINE + 4
            key = {
                "line": f'<line class="line {mark}" x1="{x:g}" x2="{x + 20:g}" y1="{y:g}" y2="{y:g}"/>',
                "dot": f'<circle class="{mark}" cx="{x + 10:g}" cy="{y:g}" r="4"/>',
                "band": f'<rect class="band {mark}" x="{x:g}" y="{y - 5:g}" width="20" height="10"/>',
            }[kind]
            drawn.append(f'{key}<text x="{x + 25:g}" y="{y + 4:g}">{escape(name)}</text>')
            x += width
        return (row + 1 if self.legend else 0), drawn

    def _stroke(self, x1: float, y1: float, x2: float, y2: float, mark: str) -> None:
        ends = f'x1="{self._x(x1)}" y1="{self._y(y1)}" x2="{self._x(x2)}" y2="{self._y(y2)}"'
        self.drawn.append(f'<line class="{mark}" {ends}/>')

    def _x(self, value: float) -> float:
        return round(self.left + _share(value, self.x) * (WIDTH - RIGHT - self.left), 1)

    def _y(self, value: float) -> float:
        return round(self.height - BOTTOM - _share(value, self.y) * (self.height - BOTTOM - TOP), 1)


def _share(value: float, span: Point) -> float:
    """Where a value lies in a span, 0 to 1; what lies beyond is drawn at the edge."""
    low, high = span
    return 0.5 if high <= low else min(max((value - low) / (high - low), 0.0), 1.0)


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) within a span.

    >>> round_ticks(0, 1), round_ticks(-30, 170)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 50.0, 100.0, 150.0])
    """
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 12) + 0.0 for number in range(first, last + 1)]


def span_of(values: Sequence[float], zero: bool = True, room: float = 0.05) -> Point:
    """The range that shows all finite values, and zero if asked, with some room.

    >>> span_of([1.0, 3.0, float("nan")]), span_of([])
    ((0.0, 3.15), (0.0, 1.0))
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    more = (high - low) * room or abs(high) * room or 1.0
    return low - (0.0 if zero and low == 0 else more), high + (0.0 if zero and high == 0 else more)


def text_width(text: str) -> float:
    """About how wide a text of 12 px is; a Chinese character is as wide as high."""
    return sum(12.0 if ord(letter) > 0x2E7F else 6.6 for letter in text)
