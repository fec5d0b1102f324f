"""How does a file write its numbers? Learned from one example that the user gives.

Without an example only plain numbers are read (`1234.5`, `-3`, `1e6`): a comma may mean thousands or
decimals, and a guess would be wrong by a factor of a thousand.
"""

import re
from dataclasses import dataclass

from features.errors import ForesellError
from features.quoting import text

PLAIN = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"
"""What counts as a plain number."""

_SPACES = " \u00a0\u2009\u202f"


class UnclearNumber(ForesellError):
    """An example that does not tell which mark means what."""

    problem = "{0}: '{1}' does not tell how numbers are written: {2}."
    fix = "write {0} as one number the file's way with both marks, such as '$1,234.56', '1.234,56 €' or '12.5%'."


@dataclass(frozen=True)
class NumberStyle:
    """`sign` is the text around the number (a currency sign), `thousands` and `decimal` its marks, '' if none."""

    sign: str
    thousands: str
    decimal: str
    percent: bool

    def sql_plain(self, x: str) -> str:
        """SQL: the number in `x` written plainly, NULL where it does not follow the style.

        Accounting brackets mean minus; the sign may be missing; percents are given as percents.
        """
        blank = f"[{_SPACES}]*"
        mark = "[" + (_SPACES if self.thousands in _SPACES else re.escape(self.thousands)) + "]"
        whole = rf"(\d{{1,3}}({mark}\d{{3}})+|\d+)" if self.thousands else r"\d+"
        part = rf"({re.escape(self.decimal)}\d*)?"
        sign = f"({re.escape(self.sign)})?" if self.sign else ""
        percent = "%?" if self.percent else ""
        minus = "([+-]|\u2212)?"
        pattern = f"{minus}{blank}{sign}{blank}{minus}{whole}{part}{blank}{sign}{percent}"
        bare = f"regexp_replace({x}, '[^0-9{re.escape(self.decimal)}]', '', 'g')"
        if self.sign and re.search(r"[\d.,]", self.sign):
            bare = f"regexp_replace(replace({x}, {text(self.sign)}, ''), '[^0-9{re.escape(self.decimal)}]', '', 'g')"
        number = f"replace({bare}, {text(self.decimal)}, '.')" if self.decimal else bare
        negative = f"regexp_matches({x}, '^\\(|[-\u2212]')" if "-" not in self.sign else f"starts_with({x}, '-')"
        return (
            f"CASE WHEN regexp_full_match({x}, {text(f'({pattern}|[(]{pattern}[)])')}) "
            f"THEN CASE WHEN {negative} THEN '-' ELSE '' END || {number} END"
        )


def read_number_style(place: str, example: str) -> NumberStyle:
    """The style of a number such as `$1,234.56`. Raises UnclearNumber.

    >>> read_number_style("numbers.amount", "1.234,56 €")
    NumberStyle(sign='€', thousands='.', decimal=',', percent=False)
    """
    found = re.search(rf"\d[\d.,'’{_SPACES}]*", example)
    if not found:
        raise UnclearNumber(place, example, "it holds no digit")
    number = found.group().strip(_SPACES + ".,'’")
    around = (example[: found.start()] + " " + example[found.start() :].replace(number, "", 1)).strip(_SPACES)
    percent = "%" in around
    sign = re.sub(rf"[%+()\u2212{_SPACES}]|^-|-$", "", around)
    if re.search(r"\d", sign):
        raise UnclearNumber(place, example, "it holds more than one number")
    thousands, decimal = _marks(place, example, number)
    return NumberStyle(sign, thousands, decimal, percent)


def _marks(place: str, example: str, number: str) -> tuple[str, str]:
    marks = re.findall(r"\D", number)
    kinds = list(dict.fromkeys(marks))
    if not marks:
        return "", "."
    if len(kinds) == 2 and marks.count(kinds[1]) == 1 and kinds[1] in ".,":
        return kinds[0], kinds[1]
    if len(kinds) > 1:
        raise UnclearNumber(place, example, f"the marks {' and '.join(kinds)} follow no known order")
    mark = marks[0]
    if mark not in ".,":
        return mark, "."
    if len(marks) > 1:
        return mark, "," if mark == "." else "."
    if len(number.split(mark)[1]) == 3:
        raise UnclearNumber(place, example, f"'{mark}' may mark thousands or decimals")
    return "", mark
