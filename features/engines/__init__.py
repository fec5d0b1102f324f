"""Where can features be computed? Engines by name, each loaded when it is first asked for."""

from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from features.as_of import Moments
from features.definition import Feature
from features.errors import ForesellError
from features.history import History


class UnknownEngine(ForesellError):
    problem = "There is no engine named {0}."
    fix = "choose one of these: {1}."


class MissingEngine(ForesellError):
    problem = "The {0} engine was asked for and its package {1} is not installed."
    fix = "install it: pip install 'foresell[{0}]', or use the local engine, which needs nothing more."


class Engine(Protocol):
    """What every engine can do."""

    def write_features(
        self,
        features: tuple[Feature, ...],
        moments: Moments,
        history: History,
        path: Path,
        memory_mb: int = ...,
        threads: int | None = None,
    ) -> None:
        """Write the feature table as Parquet: one row per moment, in their order."""


class Offer(NamedTuple):
    """Where an engine is, and the package that its extra brings (none for what is always there)."""

    module: str
    package: str | None


ENGINES = {
    "local": Offer("features.table", None),
    "spark": Offer("features.engines.spark", "pyspark"),
}
"""An engine is a name, a module and the package of the extra of the same name."""


def open_engine(name: str) -> Engine:
    """The engine of a name; its packages are imported only now. Raises UnknownEngine, MissingEngine.

    >>> open_engine("local").write_features.__module__
    'features.table'
    """
    if name not in ENGINES:
        raise UnknownEngine(name, ", ".join(ENGINES))
    module, package = ENGINES[name]
    if package is not None:
        try:
            import_module(package)
        except ModuleNotFoundError as missing:
            raise MissingEngine(name, package) from missing
    return cast("Engine", import_module(module))


def installed_engines() -> tuple[str, ...]:
    """The names of the engines whose packages are here."""

    def is_here(name: str) -> bool:
        try:
            open_engine(name)
        except MissingEngine:
            return False
        return True

    return tuple(name for name in ENGINES if is_here(name))
