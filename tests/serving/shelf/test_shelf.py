import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

import pytest

from features.history import NoHistory
from serving.problems.documents import problem_of
from serving.problems.errors import (
    ChampionOfOtherFeatures,
    ModelKnowsTheFuture,
    NoChampion,
    NothingLoaded,
    StillLoading,
)
from serving.shelf.shelf import Shelf, must_be_computed_alike

LATER = ("D-5", datetime(2026, 11, 2), None, 700, "Proposal", "open")


class Tick:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def tick() -> Tick:
    return Tick()


@pytest.fixture
def shelve(company, tick):
    def shelving(sources=company.sources, home=company.home) -> Shelf:
        return Shelf(home, sources, timedelta(milliseconds=5), timedelta(seconds=30), tick)

    return shelving


def counting(sources, loads):
    """The same sources, noting what is loaded."""
    return replace(
        sources,
        load=lambda folder: loads.append("champion") or sources.load(folder),
        remember=lambda history, features: loads.append("history") or sources.remember(history, features),
    )


def test_nothing_is_loaded_before_the_first_look(shelve):
    with pytest.raises(StillLoading):
        shelve().pair()


def test_a_look_takes_up_champion_and_history(shelve):
    shelf = shelve()

    assert shelf.look()
    pair = shelf.pair()
    assert (pair.champion.version, pair.currency, str(pair.zone)) == ("7", "CNY", "Asia/Shanghai")
    assert pair.records.has("D-1")
    assert shelf.standing.troubles == ()


def test_a_look_at_what_is_known_loads_nothing(shelve, company):
    loads = []
    shelf = shelve(counting(company.sources, loads))
    shelf.look()
    pair = shelf.pair()

    assert not shelf.look()
    assert shelf.pair() is pair
    assert loads == ["champion", "history"]


def test_a_promotion_replaces_the_champion_and_keeps_the_history(shelve, company):
    loads = []
    shelf = shelve(counting(company.sources, loads))
    shelf.look()
    before = shelf.pair()
    company.promote("8")

    assert shelf.look()
    assert shelf.pair().champion.version == "8"
    assert shelf.pair().records is before.records
    assert before.champion.version == "7"
    assert loads == ["champion", "history", "champion"]


def test_a_delivery_replaces_the_history_and_keeps_the_champion(shelve, company):
    loads = []
    shelf = shelve(counting(company.sources, loads))
    shelf.look()
    before = shelf.pair()
    company.deliver(LATER)

    assert shelf.look()
    assert shelf.pair().champion is before.champion
    assert shelf.pair().records.has("D-5")
    assert not before.records.has("D-5")
    assert loads == ["champion", "history", "history"]


def test_a_champion_of_other_features_gets_a_history_of_its_own(shelve, company):
    shelf = shelve()
    shelf.look()
    records = shelf.pair().records
    few = company.champion("8").features[:1]
    from features.catalog import fingerprint

    other = replace(company.champion("8"), features=few, fingerprint=fingerprint(few))
    shelf._sources = replace(company.sources, load=lambda folder: other)
    company.promote("8")

    assert shelf.look()
    assert shelf.pair().records is records, "the memory of more features suffices"


def test_a_broken_champion_leaves_the_old_one_serving_and_is_said(shelve, company):
    shelf = shelve()
    shelf.look()
    company.promote_broken("8")

    assert not shelf.look()
    assert shelf.pair().champion.version == "7"
    (trouble,) = shelf.standing.troubles
    assert isinstance(trouble, NothingLoaded)
    assert "the win model" in str(trouble)
    assert "JSONDecodeError" in str(trouble)


def test_a_broken_champion_does_not_keep_new_deliveries_out(shelve, company):
    shelf = shelve()
    shelf.look()
    company.promote_broken("8")
    company.deliver(LATER)

    assert shelf.look()
    assert shelf.pair().records.has("D-5")
    assert shelf.pair().champion.version == "7"
    assert len(shelf.standing.troubles) == 1


def test_what_failed_is_tried_again_after_a_while_or_when_it_changes(shelve, company, tick):
    loads = []
    shelf = shelve(counting(company.sources, loads))
    company.promote_broken("8")
    shelf.look()
    shelf.look()
    assert loads == ["champion"]

    tick.seconds += 30
    shelf.look()
    assert loads == ["champion"] * 2

    company.promote("9")
    assert shelf.look()
    assert shelf.pair().champion.version == "9"
    assert shelf.standing.troubles == ()


def test_a_history_that_cannot_be_loaded_leaves_the_old_one_serving(shelve, company):
    shelf = shelve()
    shelf.look()
    records = shelf.pair().records

    def fail(history, features):
        raise MemoryError("no room")

    shelf._sources = replace(company.sources, remember=fail)
    company.deliver(LATER)

    assert not shelf.look()
    assert shelf.pair().records is records
    assert "the history" in str(shelf.standing.troubles[0])


def test_an_empty_home_lacks_both(shelve, tmp_path):
    shelf = shelve(home=tmp_path / "empty")
    shelf.look()

    assert [type(trouble) for trouble in shelf.standing.troubles] == [NoChampion, NoHistory]
    with pytest.raises(NoChampion, match="foresell train win"):
        shelf.pair()


def test_a_champion_without_a_history_serves_those_who_send_features(shelve, company):
    shutil.rmtree(company.home / "history")
    shelf = shelve()
    shelf.look()

    assert shelf.pair().records is None
    assert shelf.standing.pair is None
    with pytest.raises(NoHistory, match="foresell import"):
        raise shelf.without_records()


def test_a_champion_that_computes_a_feature_otherwise_is_refused_by_name(company):
    champion = replace(company.champion("8"), fingerprint="0123456789ab")

    with pytest.raises(ChampionOfOtherFeatures, match="0123456789ab"):
        must_be_computed_alike(champion)


def test_attributes_are_outside_the_catalogue_and_pass(company):
    from features.catalog import attribute_feature, fingerprint

    features = (*company.champion("8").features, attribute_feature("region", is_number=False))
    must_be_computed_alike(replace(company.champion("8"), features=features, fingerprint=fingerprint(features)))


def test_the_moment_asked_about_is_not_before_what_the_model_learned_from(shelve, company):
    shelf = shelve()
    shelf.look()

    shelf.pair().must_not_know(company.until)
    with pytest.raises(ModelKnowsTheFuture) as refused:
        shelf.pair().must_not_know(company.until - timedelta(microseconds=1))
    assert problem_of(refused.value).status == 409


def test_it_looks_by_itself_once_started(shelve, company):
    promoted = Event()
    sources = replace(
        company.sources,
        load=lambda folder: (folder.name == "win-8" and promoted.set()) or company.sources.load(folder),
    )
    shelf = shelve(sources)
    shelf.start(timedelta(seconds=20))
    assert shelf.pair().champion.version == "7"

    company.promote("8")
    assert promoted.wait(20)
    shelf.close()
    shelf.look()
    assert shelf.pair().champion.version == "8"


def test_a_shadow_is_held_beside_its_champion_and_its_features_are_in_memory_too(shelve, company):
    company.promote("8", model="win.shadow")
    shelf = shelve()
    shelf.look()

    assert shelf.pair().champion.version == "7"
    assert shelf.pair().shadow.champion.version == "8"


def test_a_broken_shadow_is_said_and_hurts_nobody(shelve, company, tick):
    company.promote("8", model="win.shadow")
    (company.home / "champions" / "win.shadow-8" / "bundle.json").write_text("{")
    shelf = shelve()
    shelf.look()

    assert shelf.pair().shadow is None
    assert shelf.pair().records.has("D-1")
    assert ["the shadow of the win model" in str(one) for one in shelf.standing.troubles] == [True]

    company.promote("8", model="win.shadow")
    assert shelf.look()
    assert shelf.pair().shadow.champion.version == "8"
    assert shelf.standing.troubles == ()


def test_both_models_are_asked_of_one_history(shelve, company):
    loads = []
    company.promote("3", model="churn")
    shelf = shelve(counting(company.sources, loads))
    shelf.look()

    assert shelf.pair("churn").records is shelf.pair("win").records
    assert loads == ["champion", "champion", "history"]


def test_a_model_whose_features_are_new_waits_for_the_history_and_the_old_serves_meanwhile(shelve, company):
    asked = []

    def remember(history, features):
        asked.append((len(features), {model: pair.records for model, pair in shelf.standing.pairs.items()}))
        return company.sources.remember(history, features)

    shelf = shelve(replace(company.sources, remember=remember))
    shelf.look()
    first = shelf.pair()
    company.promote("3", model="churn")
    shelf.look()

    assert asked[0] == (2, {"win": None})
    assert asked[1] == (4, {"win": first.records})
    assert shelf.pair("churn").records is shelf.pair("win").records is not first.records


def test_what_came_as_events_is_not_loaded_again(shelve, company):
    class Knowing:
        def loaded(self, memory, log):
            self.number = log.number

        def covers(self, memory, log):
            return log.number == self.number + 1

    loads = []
    shelf = shelve(counting(company.sources, loads))
    shelf._follower = Knowing()
    shelf.look()
    records = shelf.pair().records
    company.deliver(LATER)
    assert not shelf.look()
    assert shelf.pair().records is records
    company.deliver(("D-6", *LATER[1:]))

    assert shelf.look()
    assert loads == ["champion", "history", "history"]
