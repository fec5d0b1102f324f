"""Rows invented week by week: a quiet year, and drift of each kind from a known week on."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from features.as_of import DAY
from features.errors import ForesellError
from features.kernel import MISSING
from training.bundle_file import BundleDamaged
from training.drift.reference import NoReference, read_reference, reference_of, write_reference
from training.drift.rows import Rows, rows_of
from training.drift.variation import WEEK, WINDOW
from training.drift.watch import Watch, findings_of, watch, watch_home
from training.predict import ModelKnowsTheFuture, NoChampion
from training.rivals.stage_table import StageTable

START = int(np.datetime64("2023-01-02", "us").astype("int64"))
LEARNED, WATCHED, CHANGE = 104, 52, 12
UNTIL = START + LEARNED * WEEK
CHANGED = UNTIL + CHANGE * WEEK


def invent(seed: int = 0, a_week: int = 60) -> Rows:
    """Three years of rows, each looked at once and decided within four weeks, as one feature says."""
    random = np.random.default_rng(seed)
    weeks = LEARNED + WATCHED
    at = np.sort(START + random.integers(0, weeks * WEEK, weeks * a_week))
    size = random.normal(size=len(at))
    p = 1 / (1 + np.exp(1 - size))
    after = random.uniform(1, 28, len(at))
    sources = random.choice(np.array(["fair", "web", "friend"], object), len(at), p=[0.2, 0.5, 0.3])
    missing = np.where(random.random(len(at)) < 0.1, np.nan, random.normal(size=len(at)))
    return Rows(
        {"size": size, "source": sources, "noise": missing},
        at,
        np.zeros(len(at)),
        (random.random(len(at)) < p).astype(float),
        at + np.round(after * DAY).astype(np.int64),
        after,
        np.ones(len(at), bool),
        p,
    )


def learned(rows: Rows):
    return reference_of("win", rows.known_by(UNTIL), UNTIL)


def since(rows: Rows) -> Rows:
    """What is looked at, or decided, since four weeks before the end of what the model learned from."""
    kept = (rows.at >= UNTIL - WINDOW * WEEK) | (rows.known >= UNTIL)
    decided = rows.last & (rows.known >= UNTIL)
    each = {name: value[kept] for name, value in vars(replace(rows, last=decided)).items() if name != "x"}
    return Rows(x={name: column[kept] for name, column in rows.x.items()}, **each)


def alarms(reference, rows: Rows, week: int):
    end = UNTIL + week * WEEK
    return [one for one in findings_of(reference, since(rows).known_by(end), end) if one.alarm]


STORY = invent()
REFERENCE = learned(STORY)


def test_there_is_no_alarm_in_52_quiet_weeks():
    assert [alarms(REFERENCE, STORY, week) for week in range(1, WATCHED + 1)] == [[]] * WATCHED


def regime(rows: Rows, random: np.random.Generator) -> Rows:
    lost = (rows.known >= CHANGED) & (random.random(len(rows)) < 0.5)
    return replace(rows, outcome=np.where(lost, 0.0, rows.outcome))


def mix(rows: Rows, random: np.random.Generator) -> Rows:
    """Fifteen in a hundred more each week come from one source."""
    moved = random.random(len(rows)) < 0.15 * (rows.at - CHANGED) / WEEK
    return replace(rows, x={**rows.x, "source": np.where(moved, "fair", rows.x["source"])})


def unseen(rows: Rows, random: np.random.Generator) -> Rows:
    moved = random.random(len(rows)) < 0.05 * (rows.at - CHANGED) / WEEK
    return replace(rows, x={**rows.x, "source": np.where(moved, "television", rows.x["source"])})


def missing(rows: Rows, random: np.random.Generator) -> Rows:
    gone = random.random(len(rows)) < 0.1 * (rows.at - CHANGED) / WEEK
    return replace(rows, x={**rows.x, "size": np.where(gone, np.nan, rows.x["size"])})


def leak(rows: Rows, random: np.random.Generator) -> Rows:
    """The noise becomes higher for what is won, within the range it always had."""
    told = np.where(rows.outcome == 1, 0.8, -0.8) + random.uniform(-0.5, 0.5, len(rows))
    return replace(rows, x={**rows.x, "noise": np.where(rows.known >= CHANGED, told, rows.x["noise"])})


@pytest.mark.parametrize(
    ("change", "kind", "name"),
    [
        (regime, "outcomes", "outcomes"),
        (mix, "feature", "source"),
        (unseen, "feature", "source"),
        (missing, "feature", "size"),
        (leak, "leak", "noise"),
    ],
)
def test_drift_is_told_within_four_weeks_and_named(change, kind, name):
    rows = change(STORY, np.random.default_rng(1))
    reference = learned(rows)

    assert not alarms(reference, rows, CHANGE)
    found = alarms(reference, rows, CHANGE + 4)
    assert (kind, name) in {(one.kind, one.name) for one in found}
    assert all(one.says.startswith(one.name) for one in found)


def test_a_leak_says_how_much_it_explains():
    rows = leak(STORY, np.random.default_rng(1))
    found, *_ = [one for one in alarms(learned(rows), rows, CHANGE + 4) if one.kind == "leak"]

    assert "of what is uncertain about the outcome" in found.says
    assert "in the history never more than" in found.says


def test_a_reference_is_read_back_as_it_was_written(tmp_path):
    (tmp_path / "drift.json").write_text(REFERENCE.to_json(), "utf-8")
    again = read_reference("win", "1", tmp_path)

    assert again.to_json() == REFERENCE.to_json()
    end = UNTIL + 8 * WEEK
    said = [one.says for one in findings_of(again, since(STORY).known_by(end), end)]
    assert said == [one.says for one in findings_of(REFERENCE, since(STORY).known_by(end), end)]


def test_without_a_reference_the_way_out_is_named(tmp_path):
    with pytest.raises(NoReference, match="foresell train win"):
        read_reference("win", "3", tmp_path)


@pytest.fixture(scope="module")
def stored(company, candidate, tmp_path_factory):
    """A bundle that learned until half a year before the end of the company's history, with its reference."""
    folder = tmp_path_factory.mktemp("stored")
    until = company.end - timedelta(days=182)
    estimate = StageTable().fit(candidate.sample)
    bundle = replace(candidate.bundle, estimate=estimate, until=until)
    bundle.save(folder)
    write_reference(bundle, company.history, folder)
    return folder, bundle


def test_a_bundle_is_watched_from_the_history(company, stored):
    folder, _ = stored
    found = watch(company.history, folder, company.end)

    assert (found.model, found.version) == ("win", "candidate")
    assert found.rows > 100
    assert found.outcomes > 20
    facts = json.loads(json.dumps(found.facts()))
    assert facts["findings"][0]["limit"] > 0
    assert {one.kind for one in found.findings} >= {"feature", "outcomes"}
    assert found.lines()[0].startswith("win version candidate, learned until ")


def test_what_is_recorded_later_changes_nothing(company, stored):
    """The rows as of a moment are those of the whole history, cut at that moment."""
    _, bundle = stored
    end = bundle.until + timedelta(weeks=10)
    direct = rows_of(company.history, bundle, bundle.until, end)
    cut = int(np.datetime64(end, "us").astype("int64"))
    later = rows_of(company.history, bundle, bundle.until, company.end).known_by(cut)

    def facts(rows: Rows):
        return sorted(zip(rows.at.tolist(), np.nan_to_num(rows.outcome, nan=-1).tolist(), rows.p.tolist(), strict=True))

    new = [row for row in facts(later) if row[0] >= int(np.datetime64(bundle.until, "us").astype("int64"))]
    assert [row for row in facts(direct) if row[0] >= new[0][0]] == new
    assert int(direct.last.sum()) == int(later.last.sum())
    assert (direct.known[direct.last] < cut).all()
    assert (direct.known[~direct.last & (direct.known != MISSING)] < cut).all()


def test_within_a_week_nothing_is_told_and_before_its_learning_it_is_refused(company, stored):
    folder, bundle = stored

    early = watch(company.history, folder, bundle.until + timedelta(days=6))
    assert early.findings == ()
    assert "Less than a week" in early.lines()[1]
    with pytest.raises(ModelKnowsTheFuture):
        watch(company.history, folder, bundle.until - timedelta(days=1))


def test_where_nothing_is_live_or_all_is_damaged_the_way_out_is_named(company, tmp_path):
    with pytest.raises(NoChampion):
        watch_home(tmp_path, company.history, None, None, None, datetime(2026, 1, 1))
    (tmp_path / "bundle.json").write_text("{", "utf-8")
    with pytest.raises(BundleDamaged) as damaged:
        watch(company.history, tmp_path, datetime(2026, 1, 1))
    assert isinstance(damaged.value, ForesellError)


def test_a_history_too_small_to_watch_is_not_called_quiet():
    said = Watch("win", "1", datetime(2024, 3, 2), datetime(2024, 4, 2), 15, 0, ()).lines()

    assert len(said) == 2
    assert "Too little" in said[1]
    assert "No alarm" not in said[1]
