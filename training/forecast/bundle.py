"""The compact form of a trained forecast: plain JSON, one part per measure.

It holds what was chosen and learned: win curves, what deals close at, shocks, the profile of days, the weights of
series models, and corrections from past errors. What was sold and what is open is read from the history when a forecast
is asked for, up to that moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from features.catalog import CATALOG
from features.catalog import fingerprint as fingerprint_of
from training.bookings.measure import MeasureModel
from training.bundle_file import CANDIDATE, BundleDamaged, seal, unseal, version_in, write


@dataclass(frozen=True)
class ForecastBundle:
    """A trained forecast. `until` is naive UTC; `parts` are the measures' documents."""

    version: str
    rung: str
    until: datetime
    parts: Mapping[str, Mapping[str, Any]]
    meta: Mapping[str, Any] = field(default_factory=dict)
    model: str = "forecast"

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that can be forecast, the default first."""
        return tuple(self.parts)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the definitions of the features that the win curve looks at."""
        return _fingerprint(self.parts)

    def measure(self, name: str) -> MeasureModel:
        """What was learned of a measure. Raises KeyError."""
        return self._models[name]

    @cached_property
    def _models(self) -> dict[str, MeasureModel]:
        return {name: MeasureModel.from_json(part) for name, part in self.parts.items()}

    def document(self) -> dict[str, object]:
        """All of it but the version."""
        return {
            "model": self.model,
            "rung": self.rung,
            "until": self.until.isoformat(),
            "fingerprint": self.fingerprint,
            "series_models": _series_models(),
            "measures": list(self.parts),
            "parts": dict(self.parts),
            "meta": dict(self.meta),
        }

    def save(self, folder: Path) -> Path:
        """Write the bundle into a folder; return its file."""
        return write(folder, seal(self.document()))

    @staticmethod
    def load(folder: Path) -> "ForecastBundle":
        """Read a bundle. Raises BundleDamaged, FeaturesChanged."""
        from training.stored_features import FeaturesChanged

        stored = unseal(folder)
        try:
            parts = {name: stored["parts"][name] for name in stored["measures"]}
            bundle = ForecastBundle(
                version_in(folder), stored["rung"], datetime.fromisoformat(stored["until"]), parts, stored["meta"]
            )
            if stored["series_models"] != _series_models():
                raise BundleDamaged(folder, "it weighs other series models than this release has")
            told = stored["fingerprint"]
            if (now := bundle.fingerprint) != told:
                raise FeaturesChanged(folder, told, now)
        except (ValueError, KeyError, TypeError) as other:
            raise BundleDamaged(folder, f"it was written by another release ({other!r})") from other
        return bundle


def _series_models() -> list[str]:
    from training.series.base_forecasts import MODELS

    return list(MODELS)


def _fingerprint(parts: Mapping[str, Mapping[str, Any]]) -> str:
    names = sorted({name for part in parts.values() for name in part["features"]})
    there = tuple(CATALOG[name] for name in names if name in CATALOG)
    if not there:
        return sha256(b"no features").hexdigest()[:12]
    return fingerprint_of(there)


__all__ = ["CANDIDATE", "ForecastBundle"]
