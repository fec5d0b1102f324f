import json
from datetime import datetime
from types import SimpleNamespace

import pytest

from serving.shelf.pairs import Bundled
from serving.upkeep import following
from serving.upkeep.following import FOLDER, bring_up_to_date, may_have_moved

AS_OF = datetime(2026, 11, 20)


class Moved:
    def save(self, folder):
        folder.mkdir(parents=True)
        stored = {"version": "3", "until": "2026-11-01T00:00:00", "meta": {"level_as_of": AS_OF.isoformat()}}
        (folder / "bundle.json").write_text(json.dumps(stored))


@pytest.fixture
def context(company, monkeypatch):
    """A home with a churn model whose level moves."""
    company.promote("3", model="churn")
    (company.home / "champions" / "churn-3" / "version").write_text("3")
    monkeypatch.setattr(following, "_moved", lambda history, model, bundle, as_of: Moved())
    monkeypatch.setattr("training.bundle_file.load_any", lambda folder: company.sources.load(folder))
    return SimpleNamespace(home=company.home, now=AS_OF, store=None)


def test_the_level_is_written_beside_the_champion_and_taken_up(context, company):
    from features.history import History
    from serving.shelf.files import load_held, states_of

    assert may_have_moved(context)
    said = bring_up_to_date(context.home, History.existing(context.home), "churn", AS_OF)
    assert said == "The level of the churn model 3 is that of 2026-11-20 00:00 UTC."

    held, troubles = load_held(
        company.sources, context.home, "churn", states_of(company.sources, context.home, "churn"), None
    )
    assert troubles == []
    assert isinstance(held.followed, Bundled)
    assert (held.followed.level_as_of, held.trained.level_as_of) == (AS_OF, company.until)


def test_a_level_of_another_version_is_not_taken_up(context, company):
    from features.history import History
    from serving.shelf.files import load_held, states_of

    bring_up_to_date(context.home, History.existing(context.home), "churn", AS_OF)
    company.promote("4", model="churn")
    watched = states_of(company.sources, context.home, "churn")

    assert load_held(company.sources, context.home, "churn", watched, None)[0].followed is None


def test_a_damaged_pointer_is_said_and_the_champion_serves(context, company):
    from serving.shelf.files import load_held, states_of

    (context.home / "champions" / "churn.followed.json").write_text("{")
    held, troubles = load_held(
        company.sources, context.home, "churn", states_of(company.sources, context.home, "churn"), None
    )

    assert held.followed is None
    assert ["churn.followed.json" in str(one) for one in troubles] == [True]


def test_only_the_latest_levels_are_kept(context):
    from features.history import History

    history = History.existing(context.home)
    for day in (17, 18, 19, 20):
        bring_up_to_date(context.home, history, "churn", datetime(2026, 11, day))

    kept = sorted(path.name for path in (context.home / "champions" / "churn-3").glob(f"{FOLDER}*"))
    assert kept == [f"{FOLDER}20261119T000000", f"{FOLDER}20261120T000000"]


def test_it_looks_again_when_rows_or_a_day_or_a_version_came(context, company):
    from features.history import History

    (company.home / "champions" / "win.json").unlink()
    bring_up_to_date(context.home, History.existing(context.home), "churn", AS_OF)
    assert not may_have_moved(context)

    context.now = datetime(2026, 11, 21)
    assert may_have_moved(context)
    context.now = AS_OF
    company.deliver(("D-5", datetime(2026, 11, 2), None, 700, "Proposal", "open"))
    assert may_have_moved(context)
