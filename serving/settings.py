"""How is the service run? Each line can be set in the environment as FORESELL_<NAME>."""

from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from serving.problems.errors import BadSetting

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

    machine_code: Path | None = None
    """Where machine code of the models is kept between starts: a folder outside the home that only the service's user
    can write, since what lies there is run. Default: beside Python's byte code, where that may be written."""

    stale_after: Duration = timedelta(hours=36)
    """Scores say `stale` when the latest recorded row of the history is older than this."""

    language: Literal["en", "zh"] = "en"
    """Language of reasons for callers whose Accept-Language names neither English nor Chinese."""

    max_body_bytes: PositiveInt = 16_000_000
    """Larger request bodies are refused with status 413."""

    piece_rows: PositiveInt = 64
    """Deals scored in one go; larger calls are cut in pieces so that small ones need not wait for them."""

    large_calls_at_once: PositiveInt = 1
    """How many pieces of large calls are computed at the same time in one worker."""

    level_every: Duration = timedelta(hours=6)
    """How often the level of the live models is brought up to date by outcomes that became known, if there are any."""

    lists_every: Duration = timedelta(seconds=10)
    """How often it is looked whether lists must be made and scored anew: after an import, a promotion, at night."""

    score_log_most: PositiveInt = 50_000
    """Served scores that may wait to be written under `served` of the home; further ones are lost and counted. While a
    model has a shadow each takes ten times the room."""

    score_log_every: Duration = timedelta(seconds=10)
    """Served scores are written after this time, or sooner where there are many."""

    key_recheck: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(seconds=10)
    """A checked API key is trusted this long; so a revoked one stops working within this time."""

    key_trust_away: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(minutes=15)
    """While the database does not answer, a key that was checked before is trusted this long after its last check."""

    requests_per_minute: PositiveInt | None = None
    """Requests a key or user may make in a minute, in each worker, where the key has no rate of its own. Default: any
    number."""

    wrong_tries_per_minute: PositiveInt = 20
    """Wrong keys and refused sign-ins of one address in a minute; more are answered with status 429."""

    session_idle: Duration = timedelta(hours=2)
    """A session ends when nothing was asked for so long."""

    session_longest: Duration = timedelta(hours=12)
    """A session ends after this time, whatever happens in it."""

    sign_in_over: Literal["https", "loopback"] = "https"
    """Where people may sign in: behind https, or over plain http on the same machine (localhost) alone."""

    secret_keys: SecretStr | None = None
    """Keys that encrypt the secrets of connections, separated by commas, the newest first (`foresell secrets key`
    makes one). Default: the file `secret.keys` in the home folder, made when the first secret is kept."""

    oidc_issuer: str | None = None
    """The OpenID Connect provider with which people may sign in, for example https://login.example.com/realms/sales
    (extra `oidc`). Default: none, passwords only."""

    oidc_client_id: str | None = None
    """The name under which the provider knows this service."""

    oidc_client_secret: SecretStr | None = None
    """What this service proves itself with there. Default: the secret named `oidc` if there is one, else PKCE alone."""

    oidc_scopes: str = "openid email profile"
    """What the provider is asked for."""

    oidc_create_users: bool = False
    """Whether someone whom the provider vouches for becomes a user at the first sign-in. Otherwise only a user with the
    same (verified) e-mail address signs in."""

    oidc_role_claim: str | None = None
    """The claim that names the role, for example `groups`; read at every sign-in. Default: roles are kept here."""

    oidc_roles: dict[str, Literal["admin", "manager", "seller", "integration", "scientist"]] = {}
    """Roles by the values of that claim, as JSON: {"sales-leads": "manager"}. The first that applies counts."""

    oidc_rep_claim: str | None = None
    """The claim that holds the user's rep_id."""

    oidc_team_claim: str | None = None
    """The claim that holds the user's team_id."""

    public_url: str | None = None
    """The address under which people reach the service, for example https://foresell.example.com. With OpenID Connect
    the service does not start without it; needed too behind a proxy that does not pass on the Host header."""

    look_every: Duration = timedelta(seconds=1)
    """How often the service looks for a newly promoted model and for new deliveries to the history."""

    retry_load_after: Duration = timedelta(seconds=30)
    """A model or history that could not be loaded is tried again after this time, or when it changes."""

    first_load_wait: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(seconds=30)
    """How long a starting service waits for model and history before it answers that they are still loading."""

    head_wait: Duration = timedelta(seconds=10)
    """How long the head of a request may take to arrive; then the connection is closed."""

    body_wait: Duration = timedelta(seconds=30)
    """How long the body of a request may take to arrive; then it is refused with status 408."""

    request_most: Duration = timedelta(seconds=60)
    """How long a request may take as a whole; then it is given up with status 503."""

    keep_alive: Duration = timedelta(seconds=65)
    """How long a connection without requests stays open. Longer than the load balancer's own limit avoids errors."""

    connections_most: PositiveInt = 1000
    """Connections that one worker holds open; further ones are answered with status 503 and closed."""

    requests_most: PositiveInt = 256
    """Requests that one worker answers at the same time; further ones are answered with status 503 and Retry-After."""

    bodies_most: PositiveInt = 128_000_000
    """Bytes of request bodies that one worker holds at the same time; beyond, bodies are refused with status 503."""

    grace: Duration = timedelta(seconds=20)
    """How long requests under way may take to end when the service is stopped."""

    trusted_proxies: str = ""
    """Addresses or networks, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed.
    Default: nobody's."""

    metrics_open: Literal["loopback", "key", "everyone"] = "loopback"
    """Who reads GET /metrics without a key: callers on this machine that come through no proxy, nobody, or everyone.
    All others need a key with the scope `read`."""

    otlp_endpoint: str | None = None
    """Where traces are sent with OpenTelemetry, for example http://collector:4318 (extra `otel`). Default: nowhere,
    unless OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set."""

    jobs: bool = True
    """Whether this process does the service's own work too: nightly scores, folding of events, retention ..."""

    nightly_at: time = time(2)
    """When nightly work begins, in the time zone of the history."""

    catch_up_after: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(minutes=1)
    """A night's work that was missed is made up for this long after the service has started."""

    events_waiting_most: PositiveInt = 500_000
    """How many accepted events may wait for the history; beyond that new ones are refused with status 503."""

    follow_every: Duration = timedelta(seconds=1)
    """How often a process learns of events that others accepted, besides before each score."""

    wait_for_events: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(seconds=1)
    """How long a score by id waits for accepted events to be taken into memory; then it is answered without them, says
    how many, and is `stale`."""

    fold_every: Duration = timedelta(minutes=5)
    """How often accepted events are written into the history."""

    keep_idempotency: Duration = timedelta(days=7)
    """How long the answer to a request with an Idempotency-Key is kept and given again."""

    keep_sessions: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(days=1)
    """How long a session that has ended is kept."""

    keep_events_folded: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(days=30)
    """How long an event is kept in the database after the history has it."""

    keep_job_runs: Duration = timedelta(days=90)
    """How long it is kept what became of a night's work."""

    keep_served_scores: Duration | None = None
    """How long the log of served scores is kept. Default: for ever."""

    keep_audit: Duration | None = None
    """How long the audit trail is kept. Default: for ever."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is logged; at `info` there is one JSON line for each request."""

    @property
    def store_address(self) -> str:
        """The database's address, the default filled in."""
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite:///{self.home / 'foresell.db'}"

    def plain(self) -> dict[str, object]:
        """The settings as JSON, secrets shown: for the pipe to a process of ours, and nowhere else."""
        shown = {name: value.get_secret_value() for name, value in self if isinstance(value, SecretStr)}
        return self.model_dump(mode="json") | shown


def read_settings(**given: object) -> ServingSettings:
    """The settings of the environment, those given here first. Raises BadSetting."""
    try:
        return ServingSettings(**given)  # type: ignore[arg-type]
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = PREFIX + ".".join(str(part) for part in first["loc"]).upper()
        raise BadSetting(name, first["msg"]) from wrong
