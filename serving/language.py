"""In which language does a caller want reasons?"""

from typing import Literal

Language = Literal["en", "zh"]

NOT_USED: dict[Language, str] = {"en": "not used by this model: {0}", "zh": "此模型未使用：{0}"}
NEVER_MET: dict[Language, str] = {
    "en": "never met by this model, or too rarely to tell: {0}",
    "zh": "此模型从未见过（或极少见）：{0}",
}
NOT_GIVEN: dict[Language, str] = {"en": "not given, counted as missing: {0}", "zh": "未提供，按缺失处理：{0}"}
NEW_HERE: dict[Language, str] = {"en": "not on record, counted as new: {0}", "zh": "无记录，按新的处理：{0}"}
NOT_IN_IT: dict[Language, str] = {
    "en": "accepted events not yet in this score: {0}",
    "zh": "已接收但尚未计入的事件：{0}",
}
MAY_LACK: dict[Language, str] = {
    "en": "events accepted lately may not be in this score",
    "zh": "最近接收的事件可能尚未计入",
}
AND_MORE: dict[Language, str] = {"en": "{0} and {1} more", "zh": "{0} 等，另有 {1} 项"}
BETWEEN_NOTES: dict[Language, str] = {"en": "; ", "zh": "；"}


def preferred(accept_language: str | None, otherwise: Language) -> Language:
    """The language an Accept-Language header likes best among those we speak (RFC 9110, 12.5.4).

    >>> preferred("zh-CN,zh;q=0.9,en;q=0.8", "en")
    'zh'
    >>> preferred("fr, en;q=0.5", "zh")
    'en'
    >>> preferred(None, "en")
    'en'
    """
    best, weight = otherwise, 0.0
    for part in (accept_language or "").split(","):
        tag, _, parameter = part.strip().lower().partition(";")
        found: Language | None = {"en": "en", "zh": "zh"}.get(tag.split("-")[0])  # type: ignore[assignment]
        liking = _quality(parameter)
        if found is not None and liking > weight:
            best, weight = found, liking
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
