"""What should be known of a list beside its rows? In English and in Chinese."""

from collections.abc import Iterator
from dataclasses import dataclass

from serving.language import Language

_OLD = {"en": "The scores are older than they should be.", "zh": "评分已过期。"}
_LACKS = {"en": "{0:,} accepted events are not in this list yet.", "zh": "尚有 {0:,} 个已接收的事件未反映在此列表中。"}
_REFUSED = {
    "en": "The database does not take writes ({0}); the list is as it was before.",
    "zh": "数据库暂不接受写入（{0}）；列表保持之前的状态。",
}
_BUSY = {
    "en": "Others are writing the list; it is as it was before.",
    "zh": "列表正被其他进程写入；显示的是之前的状态。",
}
_LOADING = {
    "en": "The history is being loaded; until then no events are taken up.",
    "zh": "历史数据正在加载；加载完成前不会纳入新事件。",
}
_WAITS = {
    "en": "{0:,} are shown with scores of before the latest events; they are scored next.",
    "zh": "有 {0:,} 项显示的是最新事件之前的评分，将随后重新评分。",
}
_FAILED = {"en": "They could not be scored anew: {0}", "zh": "未能重新评分：{0}"}


@dataclass
class Freshness:
    """What a list knows of the events that were accepted before it was asked for.

    `until` is the last of them, None where that could not be asked; `refused`, `busy`, `loading` and `failed` say why
    something was not done.
    """

    until: int | None = None
    refused: str | None = None
    busy: bool = False
    loading: bool = False
    failed: str | None = None

    def remark(self, lacking: int, unscored: int, language: Language, *, old: bool) -> str | None:
        """What is not as it should be; None where all is."""
        return " ".join(self._sentences(lacking, unscored, language, old=old)) or None

    def _sentences(self, lacking: int, unscored: int, language: Language, *, old: bool) -> Iterator[str]:
        if lacking:
            yield _LACKS[language].format(lacking)
        if self.refused is not None:
            yield _REFUSED[language].format(self.refused)
        elif lacking and (self.busy or self.loading):
            yield (_BUSY if self.busy else _LOADING)[language]
        if unscored:
            yield _WAITS[language].format(unscored)
            if self.failed is not None:
                yield _FAILED[language].format(self.failed)
        if old:
            yield _OLD[language]
