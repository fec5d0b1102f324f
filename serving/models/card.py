"""What should a reader know of a champion before believing it?"""

from collections.abc import Mapping

from serving.champion import Champion
from serving.language import Language
from serving.moments import in_utc
from serving.scores.answers import ModelServed


def card_of(champion: Champion, language: Language) -> ModelServed:
    """The champion's facts and the headline of its scorecard, as its bundle tells them."""
    meta = champion.meta
    says = meta.get("says_zh") if language == "zh" else None
    closed, scorecard = meta.get("closed_deals"), meta.get("scorecard")
    return ModelServed(
        model=champion.model,
        version=champion.version,
        live=True,
        rung=champion.rung,
        until=in_utc(champion.until),
        feature_fingerprint=champion.fingerprint,
        features=len(champion.features),
        base_rate=getattr(champion, "base_rate", None),
        serves=_text(meta.get("serves")),
        says=_text(says or meta.get("says")),
        closed_deals=closed if isinstance(closed, int) else None,
        scorecard=dict(scorecard) if isinstance(scorecard, Mapping) else {},
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
