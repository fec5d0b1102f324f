from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from features.errors import ForesellError
from serving.cards import nightly, scoring
from serving.cards.keeping import made_of, make_cards
from serving.cards.nightly import NightlyLog, Predicted
from serving.cards.scoring import score_cards
from serving.score_log.outcomes import judge
from serving.score_log.reading import said_of_counts, served
from serving.store.score_tables import CustomerCard, DealCard

NOW = datetime(2026, 11, 21, 1, 30)
FAR = datetime(2030, 1, 1)


@dataclass(frozen=True)
class Small:
    """What the log wants to know of a bundle."""

    model: str = "win"
    version: str = "7"
    rung: str = "model"
    fingerprint: str = "f"
    until: datetime = datetime(2026, 1, 1)


def won(bundle: Small, p: float = 0.4, deals: tuple[str, ...] = ("D1", "D2")) -> Predicted:
    names = {"win_probability": p, "low": 0.1, "high": 0.7, "expected_close_on": None, "expected_amount": 5.0}
    names |= {f"p_win_by_{days}d": p * days / 100 for days in (30, 60, 90)} | {"model_version": bundle.version}
    table = pa.table({"deal_id": list(deals), **{name: [value] * len(deals) for name, value in names.items()}})
    return Predicted(bundle, table, (None,) * len(deals), NOW)  # type: ignore[arg-type]


def left(bundle: Small) -> Predicted:
    names = {"churn_probability": 0.2, "low": 0.1, "high": 0.7, "expected_orders": 1.0, "value_at_risk": 5.0}
    names |= {f"p_churn_by_{days}d": 0.3 for days in (30, 60, 90)} | {"model_version": bundle.version}
    table = pa.table({"customer_id": ["C1"], **{name: [value] for name, value in names.items()}})
    return Predicted(bundle, table, ("orders",), NOW)  # type: ignore[arg-type]


def rows(home) -> list[dict[str, object]]:
    return served(home, None, FAR).to_pylist()


def test_scores_of_the_night_are_in_the_log_with_all_that_others_have(tmp_path):
    log = NightlyLog(tmp_path, NOW, NOW - timedelta(hours=3))
    log.put(won(Small()), "champion")
    log.put(left(Small("churn", "3")), "champion")
    log.close()

    by_subject = {row["subject"]: row for row in rows(tmp_path)}
    assert set(by_subject) == {"D1", "D2", "C1"}
    deal, customer = by_subject["D1"], by_subject["C1"]
    assert (deal["actor"], deal["form"], deal["role"], deal["version"]) == ("job:cards", "known", "champion", "7")
    assert (deal["as_of"], deal["scored_at"], deal["data_as_of"]) == (NOW, NOW, NOW - timedelta(hours=3))
    assert deal["horizons"] == [30.0, 60.0, 90.0]
    assert deal["chances"] == pytest.approx([0.12, 0.24, 0.36])
    assert (customer["model"], customer["kind"], customer["amount"]) == ("churn", "orders", 5.0)
    assert said_of_counts(tmp_path).startswith("3 scores served, 3 written.")


def test_a_version_is_logged_once_a_day_however_often_cards_are_made(tmp_path):
    for hours, p in ((0, 0.4), (5, 0.9), (24, 0.6)):
        log = NightlyLog(tmp_path, NOW + timedelta(hours=hours), None)
        log.put(won(Small(), p), "champion")
        log.put(won(Small(version="8"), p), "shadow")
        log.close()

    found = [(row["version"], row["as_of"].day, row["probability"]) for row in rows(tmp_path) if row["subject"] == "D1"]
    assert sorted(found) == [("7", 21, 0.4), ("7", 22, 0.6), ("8", 21, 0.4), ("8", 22, 0.6)]


def test_what_cannot_be_written_is_counted_as_lost(tmp_path, monkeypatch):
    def refuses(*_):
        raise OSError("no space left")

    monkeypatch.setattr(nightly, "write_part", refuses)
    log = NightlyLog(tmp_path, NOW, None)
    assert log.put(won(Small()), "champion") == 0
    log.close()

    assert said_of_counts(tmp_path).startswith("2 scores served, 0 written; 2 lost for want of room or disk, 0 with")


@pytest.fixture
def live(monkeypatch, company, store):
    """A live win model with a shadow; `answers` may be replaced."""
    answers = {"live": won(Small()), "shadow": won(Small(version="8"), 0.7)}

    def predicted(model, folder, history, as_of):
        found = answers[folder.name]
        if isinstance(found, Exception):
            raise found
        return found

    def folder(name):
        return lambda home, model: home / name if model == "win" else None

    monkeypatch.setattr(scoring, "predicted", predicted)
    monkeypatch.setattr("training.bundle_file.live_bundle", folder("live"))
    monkeypatch.setattr("training.bundle_file.shadow_bundle", folder("shadow"))
    monkeypatch.setattr("training.bundle_file.version_in", lambda path: {"live": "7", "shadow": "8"}[path.name])
    make_cards(store, company, NOW)
    return answers


def test_all_that_is_open_is_scored_logged_with_the_shadow_and_waits_no_more(live, company, store):
    scored = score_cards(store, company.home, company, NOW, 0, lambda _: None)

    assert (scored.deals, scored.customers, scored.logged, scored.versions) == (2, 0, 4, {"win": "7"})
    assert {(row["role"], row["probability"]) for row in rows(company.home)} == {("champion", 0.4), ("shadow", 0.7)}
    with store.session() as session:
        assert [session.get(DealCard, one).probability for one in ("D1", "D2", "D3")] == [0.4, 0.4, None]
        assert [session.get(DealCard, one).unscored for one in ("D1", "D2", "D3")] == [None] * 3
        assert session.get(CustomerCard, "C1").unscored is None  # there is no churn model to wait for
        assert made_of(session).scored_as_of == NOW


def test_a_shadow_that_cannot_answer_is_said_and_hurts_nobody(live, company, store):
    class Broken(ForesellError):
        problem, fix = "The shadow is broken.", "train another."

    live["shadow"] = Broken()

    scored = score_cards(store, company.home, company, NOW, 0, lambda _: None)

    assert (scored.deals, scored.logged) == (2, 2)
    assert scored.troubles["shadow of win"].startswith("The shadow is broken.")


def test_outcomes_are_joined_for_deals_that_nobody_asked_about(live, company, story, store):
    score_cards(store, company.home, company, NOW, 0, lambda _: None)
    story.deal("D1", status="won", closed_at="2026-11-25", recorded="2026-11-25")

    judged = judge(story.history, served(company.home, None, FAR), datetime(2027, 2, 1))

    ever = next(one for one in judged if (one.role, one.horizon) == ("champion", "ever"))
    within = next(one for one in judged if (one.role, one.horizon) == ("champion", "30"))
    assert (ever.scores, ever.came, ever.said) == (1, 1.0, 0.4)
    assert (within.scores, within.came) == (2, 0.5)
