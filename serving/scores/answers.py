"""What does the service answer about deals and models? One stable shape: absent facts are null, not missing."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from serving.problems.documents import Problem


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class ReasonSaid(Answer):
    """One part of the distance from the base rate."""

    feature: str
    """Code of the feature, stable across languages."""

    value: float | str | None
    """The deal's value of it."""

    effect: float
    """What it adds, in log-odds: above zero speaks for winning."""

    text: str
    """The reason in the language asked for."""


class Move(Answer):
    """A reason that a what-if changed."""

    feature: str
    """Code of the feature."""

    value_before: float | str | None
    """Its value on record."""

    value_after: float | str | None
    """Its value with the changes."""

    change: float
    """How much more it adds with the changes, in log-odds."""

    text: str
    """The reason with the changes, in the language asked for."""


class Chance(Answer):
    """A probability and what goes with it."""

    probability: float | None
    """Chance that the deal is won, ever. Null where the history cannot tell, then `note` says why."""

    low: float | None
    """Lower end of the 80 % interval."""

    high: float | None
    """Upper end of the 80 % interval."""

    win_by: dict[date, float]
    """Chance to be won by the end of each asked date, and within each asked horizon by the day it ends on."""

    win_by_low: dict[date, float]
    """Lower ends of the 80 % intervals of `win_by`, by the same days."""

    win_by_high: dict[date, float]
    """Upper ends of them."""

    win_within_days: dict[str, float]
    """The same for the horizons alone, by their number of days: `{"30": 0.21}`."""

    expected_close_on: date | None
    """When the deal is expected to be decided, in the history's time zone."""

    expected_amount: float | None
    """The amount expected if won, in the base currency."""


class DealScore(Answer):
    """The answer for one deal. Where `error` is given, the fields about chances are null or empty."""

    deal_id: str | None
    """The deal asked about; null for a record without one."""

    probability: float | None = None
    """Chance that the deal is won, ever. Null where the history cannot tell, then `note` says why."""

    low: float | None = None
    """Lower end of the 80 % interval."""

    high: float | None = None
    """Upper end of the 80 % interval."""

    win_by: dict[date, float] = {}
    """Chance to be won by the end of each asked date, and within each asked horizon by the day it ends on."""

    win_by_low: dict[date, float] = {}
    """Lower ends of the 80 % intervals of `win_by`, by the same days; empty where the model knows none."""

    win_by_high: dict[date, float] = {}
    """Upper ends of them."""

    win_within_days: dict[str, float] = {}
    """The same for the horizons alone, by their number of days: `{"30": 0.21}`."""

    expected_close_on: date | None = None
    """When the deal is expected to be decided, in the history's time zone."""

    expected_amount: float | None = None
    """The amount expected if won, in the base currency."""

    reasons: list[ReasonSaid] = []
    """The strongest reasons first; all of them together add up to the distance from the base rate in log-odds."""

    before: Chance | None = None
    """Of a what-if: the answer without the changes. The fields above are the answer with them."""

    moved: list[Move] | None = None
    """Of a what-if: the reasons that changed most, the largest change first."""

    note: str | None = None
    """What else should be known: why a number is empty, what the model never met, what was not given or not used."""

    model_version: str
    """The version that answered."""

    rung: str
    """What the answer stands on, from pooled rates to a full model."""

    data_as_of: datetime | None
    """The latest moment before `as_of` at which anything was recorded; null where no row says when."""

    level_as_of: datetime
    """Outcomes known before this moment have moved the model's level."""

    scored_at: datetime
    """When this was computed."""

    stale: bool
    """Whether the data is older than `stale_after`, of unknown age, or without events that were accepted already."""

    error: Problem | None = None
    """Why this deal has no answer; the others are not affected."""


class DealScores(Answer):
    """The answers, in the order of the request, and what is true of all of them."""

    scores: list[DealScore]
    """One for each deal asked."""

    model: str
    """Name of the model."""

    model_version: str
    """The version that answered."""

    rung: str
    """What the answers stand on, from pooled rates to a full model."""

    feature_fingerprint: str
    """Changes when the definition of any feature changes."""

    base_rate: float | None
    """The share of deals won that reasons count from."""

    currency: str | None
    """The base currency of amounts."""

    as_of: datetime
    """The moment judged by."""

    scored_at: datetime
    """When this was computed."""

    data_as_of: datetime | None
    """The latest moment before `as_of` at which anything was recorded; null where no row says when."""

    level_as_of: datetime
    """Outcomes known before this moment have moved the model's level."""

    stale: bool
    """Whether the data is older than `stale_after`, of unknown age, or without events that were accepted already."""


class ModelServed(Answer):
    """A model that is live."""

    model: str
    """Name of the model."""

    version: str
    """Its version."""

    live: bool
    """Whether it answers now."""

    rung: str
    """What it stands on, from pooled rates to a full model."""

    until: datetime
    """It learned from what was recorded before this moment."""

    feature_fingerprint: str
    """Changes when the definition of any feature changes."""

    features: int
    """How many features it looks at."""

    base_rate: float | None
    """The share of deals won that reasons count from."""

    serves: str | None
    """Which of the rivals won and is served: the model itself, a table of rates, the base rate ..."""

    says: str | None
    """What is served and why, in a sentence."""

    closed_deals: int | None
    """How many decided deals it learned from."""

    scorecard: dict[str, object]
    """How good it was on the latest part of the history that it did not learn from."""


class ModelsServed(Answer):
    """The models that are live."""

    models: list[ModelServed]
    """One for each."""


class Alive(Answer):
    """The process answers."""

    status: str
    """Always `alive`."""


class Trouble(Answer):
    """Something that could not be loaded."""

    type: str
    """Name of the kind of problem."""

    detail: str
    """What happened."""

    fix: str
    """What to do about it."""


class Part(Answer):
    """How one part of the service stands."""

    part: str
    """win, churn, history, store (the database), events, score_log."""

    state: str
    """ok; absent: never set up; loading; missing: troubles say why; features-only: the history is not in memory;
    stale: nothing was recorded for long; behind: accepted events are, or may be, unknown to scores; away: does not
    answer; refusing: it
    answers and refused a write a moment ago (disk full, read-only, locked); losing."""

    detail: str
    """The same in words, with numbers."""


class Readiness(Answer):
    """Whether scores can be answered, and what stands in the way."""

    ready: bool
    """True where a model and a history are in memory."""

    model_version: str | None
    """The version that answers."""

    data_as_of: datetime | None
    """The latest moment at which anything was recorded."""

    troubles: list[Trouble]
    """What is missing or could not be loaded; beside `ready` the one before keeps serving."""

    parts: list[Part]
    """How each part stands; a part in trouble does not make the service unready while scores can be answered."""
