"""How does a sales director write money, chances and names? In English and in Chinese."""

from collections.abc import Sequence

from serving.decisions.quotas.money import digits, major
from serving.decisions.quotas.question import QuotaQuestion
from serving.language import Language

YUAN = {"CNY": "元", "USD": "美元", "EUR": "欧元", "JPY": "日元", "HKD": "港元", "GBP": "英镑", "SGD": "新加坡元"}
TEN_THOUSAND, HUNDRED_MILLION = 10_000, 100_000_000
FIRST_NAMES = 3
"""Names told before "and n others"."""
Pair = tuple[str, str]
"""The same sentence in English and in Chinese."""


def say(pair: Pair, language: Language, /, *blanks: object) -> str:
    """One of a pair, its blanks filled."""
    return pair[1 if language == "zh" else 0].format(*blanks)


def money(amount: int, currency: str, language: Language) -> str:
    """Minor units as people write them, never rounded; for a currency of "" a plain number.

    >>> money(123450000, "CNY", "en"), money(123450000, "CNY", "zh"), money(-5000, "CNY", "zh")
    ('CNY 1,234,500', '123.45 万元', '-50 元')
    """
    if not currency:
        return f"{amount:,}"
    value = major(amount, currency)
    whole = value == value.to_integral_value()
    if language == "en":
        return f"{currency} {value:,.0f}" if whole else f"{currency} {value:,.{digits(currency)}f}"
    unit = YUAN.get(currency, f" {currency}")
    for size, name in ((HUNDRED_MILLION, "亿"), (TEN_THOUSAND, "万")):
        if abs(value) >= size and (value / size * 100) % 1 == 0:
            return f"{f'{value / size:,.2f}'.rstrip('0').rstrip('.')} {name}{unit}"
    return f"{value:,.0f} {unit}" if whole else f"{value:,.{digits(currency)}f} {unit}"


def percent(share: float, language: Language) -> str:
    """A share in whole percent; in tenths where it is small.

    >>> percent(0.618, "en"), percent(0.0042, "zh")
    ('62 %', '0.4%')
    """
    number = f"{share * 100:.0f}" if abs(share) >= 0.0995 or share == 0 else f"{share * 100:.1f}"
    number = number[:-2] if number.endswith(".0") else number
    return f"{number}%" if language == "zh" else f"{number} %"


def names(ids: Sequence[str], question: QuotaQuestion, language: Language) -> str:
    """Names in a row, the first few of many."""
    wanted = set(ids)
    known = {one.id: one.name or one.id for one in question.teams if one.id in wanted}
    known |= {one.id: one.name or one.id for one in question.sellers if one.id in wanted and wanted - known.keys()}
    told = [known.get(one, one) for one in ids]
    if len(told) <= FIRST_NAMES + 1:
        return _row(told, language)
    more = len(told) - FIRST_NAMES
    first = told[:FIRST_NAMES]
    return f"{'、'.join(first)}等 {len(told)} 位" if language == "zh" else f"{', '.join(first)} and {more} others"


def _row(told: Sequence[str], language: Language) -> str:
    if language == "zh":
        return "、".join(told)
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
