"""How is the service run? Each line can be set in the environment as FORESELL_<NAME>."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from serving.errors import BadSetting

PREFIX = "FORESELL_"
Duration = Annotated[timedelta, Field(gt=timedelta(0))]


class ServingSettings(BaseSettings):
    """Settings of the service. Durations are written 24:00:00 or PT24H."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, use_attribute_docstrings=True, frozen=True, extra="forbid")

    home: Path = Path("foresell-home")
    """The folder with everything the program keeps: history, models, the service's database."""

    database: SecretStr | None = None
    """Address of the service's own database (SQLAlchemy form). Default: SQLite in `foresell.db` of the home folder."""

    history: str | None = None
    """Where the history is kept: a folder, or an address of an object store (s3://bucket/path; extra `storage`).
    Default: the folder `history` of the home."""

    features: Path | None = None
    """A Python file with features of one's own (docs/own-features.md): code that runs when features are asked for."""

    stale_after: Duration = timedelta(hours=36)
    """Scores say `stale` when the latest recorded row of the history is older than this."""

    language: Literal["en", "zh"] = "en"
    """Language of reasons for callers whose Accept-Language names neither English nor Chinese."""

    max_body_bytes: PositiveInt = 5_000_000
    """Larger request bodies are refused with status 413."""

    piece_rows: PositiveInt = 64
    """Deals scored in one go; larger calls are cut in pieces so that small ones need not wait for them."""

    large_calls_at_once: PositiveInt = 1
    """How many pieces of large calls are computed at the same time in one worker."""

    key_recheck: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(seconds=10)
    """A checked API key is trusted this long; so a revoked one stops working within this time."""

    look_every: Duration = timedelta(seconds=1)
    """How often the service looks for a newly promoted model and for new deliveries to the history."""

    retry_load_after: Duration = timedelta(seconds=30)
    """A model or history that could not be loaded is tried again after this time, or when it changes."""

    first_load_wait: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(seconds=30)
    """How long a starting service waits for model and history before it answers that they are still loading."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is logged; at `info` there is one JSON line for each request."""

    @property
    def store_address(self) -> str:
        """The database's address, the default filled in."""
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite:///{self.home / 'foresell.db'}"


def read_settings(**given: object) -> ServingSettings:
    """The settings of the environment, those given here first. Raises BadSetting."""
    try:
        return ServingSettings(**given)  # type: ignore[arg-type]
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = PREFIX + ".".join(str(part) for part in first["loc"]).upper()
        raise BadSetting(name, first["msg"]) from wrong
