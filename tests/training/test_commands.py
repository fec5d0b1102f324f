"""train, backtest, predict and models, from the command line, on one small company."""

import csv
import json
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from features.doors import run as run_door
from features.doors import set_home
from training.bundle import Bundle, live_bundle
from training.bundle_file import shadow_bundle
from training.commands import app


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


def run(home: Path, *words: object) -> Said:
    """Run a command of the first floor in this process."""
    out, err, before = StringIO(), StringIO(), sys.argv
    sys.argv = ["training", "--home", str(home), *map(str, words)]
    status = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            app.callback()(set_home)
            run_door(app)
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        sys.argv = before
    return Said(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def home(company, tmp_path_factory) -> Path:
    """The company's home, in which two versions have been trained, until different days."""
    home = tmp_path_factory.mktemp("commands") / "home"
    shutil.copytree(company.home, home)
    return home


@pytest.fixture(scope="module")
def trained(home) -> list[dict[str, object]]:
    """What two trainings said, as JSON."""
    days = ("2025-03-01", "2025-06-01")
    return [json.loads(run(home, "train", "win", "--until", day, "--folds", 1, "--json").out) for day in days]


@pytest.fixture
def foresell(home, trained) -> Callable[..., Said]:
    """Runs a command for that home."""
    return lambda *words: run(home, *words)


def test_training_says_what_it_is_and_promotes_what_may_answer(trained, home):
    first, second = trained

    assert (first["version"], second["version"]) == ("1", "2")
    assert first["until"] == "2025-02-28T16:00:00"
    for one in trained:
        assert one["model"] == "win"
        assert one["serves"] in (
            "base_rate",
            "shrunk_rates",
            "stage_table",
            "blend",
            "logistic",
            "odoo",
            "crm_probability",
        )
        assert one["says"]
        assert one["promoted"] is True
        assert one["features"] > 60
    assert second["closed_deals"] > first["closed_deals"] > 30
    folder = live_bundle(home, "win")
    assert folder is not None
    assert Bundle.load(folder).version == "2"


def test_open_deals_are_scored_into_a_file(foresell, tmp_path):
    said = foresell("predict", "win", "--as-of", "2025-09-01", "--horizons", "30,7.5", "--out", tmp_path / "out.csv")

    assert said.status == 0, said
    assert said.err == ""
    assert "open deals scored by win version 2" in said.out
    with (tmp_path / "out.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [name for name in rows[0] if name.endswith("d") and "_by_" in name] == ["p_win_by_30d", "p_win_by_7.5d"]
    assert {row["as_of"] for row in rows} == {"2025-09-01T00:00:00+08:00"}
    assert {row["model_version"] for row in rows} == {"2"}
    assert f"{len(rows):,} open deals" in said.out


def test_a_moment_before_the_live_model_is_refused_and_an_earlier_version_may_answer(foresell, tmp_path):
    asked = ("predict", "win", "--as-of", "2025-04-01", "--out", tmp_path / "out.parquet")
    refused = foresell(*asked)

    assert refused.status == 1
    assert "would know the future" in refused.err
    assert "--model VERSION" in refused.err
    assert not (tmp_path / "out.parquet").exists()
    assert foresell(*asked, "--model", "1").status == 0
    assert (tmp_path / "out.parquet").exists()


def test_days_beyond_what_was_watched_are_said_to_be_extrapolated(foresell, tmp_path):
    said = foresell("predict", "win", "--as-of", "2025-09-01", "--horizons", "30,5000", "--out", tmp_path / "out.json")

    assert said.status == 0
    assert "horizons beyond that are extrapolated" in said.err
    assert "p_win_by_5000d" in json.loads((tmp_path / "out.json").read_text())[0]


@pytest.mark.parametrize("out", ["nowhere/out.csv", "out.xlsx"], ids=["no such folder", "unknown ending"])
def test_a_file_that_cannot_be_written_is_an_error_with_its_way_out(foresell, tmp_path, out):
    said = foresell("predict", "win", "--as-of", "2025-09-01", "--out", tmp_path / out)

    assert said.status == 1
    assert said.err.startswith("Error: ")
    assert "To fix: " in said.err


def test_versions_are_listed_and_shown(foresell, trained):
    listed = json.loads(foresell("models", "list", "--json").out)
    assert [(one["version"], one["live"]) for one in listed] == [("2", True), ("1", False)]
    text = foresell("models", "list", "win").out
    assert text.startswith("* win 2: ")
    assert "\n  win 1: " in text

    shown = json.loads(foresell("models", "show", "win", "--json").out)
    assert shown["version"] == "2"
    assert shown["params"]["until"] == trained[1]["until"]
    assert "tags:\n" in foresell("models", "show", "win", "1").out


def test_it_is_shown_which_version_was_live_when(foresell):
    at_first = foresell("models", "show", "win", "--at", "2020-01-01")
    assert at_first.status == 1
    assert "No version of the win model was live at 2019-12-31 16:00 UTC." in at_first.err
    assert "To fix" in at_first.err
    promotions = json.loads(foresell("models", "show", "win", "1", "--json").out)["promotions"]
    shown = foresell("models", "show", "win", "--at", f"{promotions[0]}Z", "--json")
    assert json.loads(shown.out)["version"] == "1"


def test_it_is_listed_which_version_was_live_at_a_moment(foresell):
    promoted = json.loads(foresell("models", "show", "win", "1", "--json").out)["promotions"][0]
    assert foresell("models", "list", "--at", "2020-01-01").out == "win: nothing was live at 2019-12-31 16:00 UTC\n"
    (row,) = json.loads(foresell("models", "list", "--at", f"{promoted}Z", "--json").out)
    assert (row["model"], row["live"], row["shadow"]) == ("win", "1", None)


def test_a_candidate_that_has_learned_less_is_refused_and_goes_live_only_by_force(foresell, home):
    said = foresell("train", "win", "--until", "2025-01-15", "--folds", 1, "--json")
    assert said.status == 0, said
    told = json.loads(said.out)
    assert (told["state"], told["promoted"]) == ("refused", False)
    assert "The live version 2 has learned until 2025-05-31" in told["gate"]

    refused = foresell("models", "promote", "win", told["version"])
    assert refused.status == 1
    assert "--force" in refused.err
    assert foresell("models", "promote", "win", told["version"], "--force").out.endswith("is live.\n")
    assert foresell("models", "rollback", "win").out == "win version 2 is live again.\n"


def test_a_shadow_lies_beside_the_live_version_until_it_is_ended(foresell, home):
    assert "in the shadow" in foresell("models", "shadow", "win", "1").out
    assert " win 1: " in foresell("models", "list").out
    assert ", shadow\n" in foresell("models", "list").out
    folder = shadow_bundle(home, "win")
    assert folder is not None
    assert Bundle.load(folder).version == "1"
    assert "Nothing is in the shadow" in foresell("models", "shadow", "win").out
    assert shadow_bundle(home, "win") is None


def test_a_store_that_is_away_is_named_before_anything_is_trained(home, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setitem(sys.modules, "training.recipe", None)
    said = run(home, "train", "win", "--until", "2025-03-01", "--mlflow", "http://127.0.0.1:9")

    assert said.status == 1
    assert "FORESELL_MLFLOW" in said.err


def test_drift_is_told_of_the_live_version(foresell):
    said = foresell("drift", "win", "--as-of", "2025-09-01", "--json")

    assert said.status == 0, said
    (told,) = json.loads(said.out)
    assert (told["model"], told["version"]) == ("win", "2")
    assert told["rows"] > 50
    assert {one["kind"] for one in told["findings"]} >= {"feature"}
    text = foresell("drift", "--as-of", "2025-09-01")
    assert text.out.startswith("win version 2, learned until 2025-05-31: ")


@pytest.mark.parametrize(
    "words",
    [("win", "--freq", "week"), ("churn", "--by", "region"), ("forecast", "--horizons", "30")],
    ids=["a frequency of deals", "a level of customers", "days of a forecast"],
)
def test_an_option_of_another_model_is_wrong_usage(foresell, tmp_path, words):
    said = foresell("predict", *words, "--as-of", "2025-09-01", "--out", tmp_path / "out.csv")

    assert said.status == 2
    assert not (tmp_path / "out.csv").exists()


def test_a_model_that_was_never_trained_is_a_named_error(foresell, tmp_path):
    said = foresell("predict", "churn", "--as-of", "2025-09-01", "--out", tmp_path / "out.csv")

    assert said.status == 1
    assert "foresell train churn" in said.err


def test_what_the_tables_do_not_teach_is_left_out_of_train_all(story):
    """Deals that never closed teach no wins, no customers, no bookings; that is no failure."""
    story.deal("d1", created="2024-01-01")
    story.import_now()
    said = run(story.home, "train", "all", "--until", "2024-06-01", "--json")

    assert said.status == 0, said
    told = json.loads(said.out)
    assert told["trained"] == []
    assert told["failed"] == {}
    assert set(told["left_out"]) == {"win", "churn", "forecast"}
    assert all("To fix" in why for why in told["left_out"].values())


def test_promoting_and_rolling_back_changes_who_answers(foresell, home):
    assert foresell("models", "promote", "win", "1").out == "win version 1 is live.\n"
    folder = live_bundle(home, "win")
    assert folder is not None
    assert Bundle.load(folder).version == "1"
    assert foresell("models", "rollback", "win").out == "win version 2 is live again.\n"
    folder = live_bundle(home, "win")
    assert folder is not None
    assert Bundle.load(folder).version == "2"


def test_a_candidate_may_be_logged_without_being_promoted(story):
    for number in range(12):
        deal = story.deal(f"d{number}", created=f"2024-01-{number + 1:02d}")
        deal.closes("won" if number % 3 else "lost", on="2024-02-01")
    story.import_now()
    said = run(story.home, "train", "win", "--until", "2024-06-01", "--no-promote")

    assert said.status == 0, said
    assert "Only 12 closed deals" in said.out
    assert "logged, not promoted. The base rate may always answer. Nothing was live before." in said.out
    assert live_bundle(story.home, "win") is None


def test_a_backtest_is_printed_written_and_logged(foresell, home, tmp_path):
    out = tmp_path / "out.json"
    report = tmp_path / "report.html"
    said = foresell(
        "backtest", "win", "--until", "2025-08-01", "--folds", 1, "--out", out, "--report", report, "--lang", "zh"
    )

    assert said.status == 0, said
    assert said.err == ""
    assert "base_rate" in said.out
    figures = json.loads(out.read_text("utf-8"))
    assert figures["until"] == "2025-07-31T16:00:00"
    assert "base_rate" in figures["scorecards"]
    assert report.read_text("utf-8").lstrip().lower().startswith("<!doctype html>")
    (logged,) = backtests_of(home)
    assert {"backtest.json", "report.html"} <= {one.name for one in logged.iterdir()}


def backtests_of(home: Path) -> list[Path]:
    """The folders of logged runs that hold a backtest."""
    return sorted(one.parent for one in (home / "mlruns").rglob("backtest.json"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("predict", "win", "--as-of", "2025-09-01", "--out", "x.csv", "--horizons", ""), "not a list of days above 0"),
        (("predict", "win", "--as-of", "2025-09-01", "--out", "x.csv", "--horizons", "30,,60"), "not a list of days"),
        (("drift", "--model", "1"), "foresell drift win --model 3"),
    ],
)
def test_an_empty_option_is_not_taken_for_its_default(foresell, words, says):
    said = foresell(*words)

    assert said.status == 2
    assert says in said.err


@pytest.mark.parametrize("words", [("drift", "win", "--as-of", ""), ("models", "show", "win", "--at", "")])
def test_an_empty_moment_is_not_taken_for_now(foresell, words):
    said = foresell(*words)

    assert said.status == 1
    assert "is not a day or a time" in said.err


def test_a_moment_long_after_the_last_record_is_said_to_be_blind(foresell, tmp_path):
    out = tmp_path / "out.csv"

    assert "latest thing on record" not in foresell("predict", "win", "--as-of", "2025-09-01", "--out", out).err
    assert "days before this moment" in foresell("predict", "win", "--as-of", "2031-09-01", "--out", out).err
    said = foresell("predict", "win", "--as-of", "2031-09-01", "--out", out, "--lang", "zh", "--horizons", "30,9000")
    assert "最近的记录为" in said.err
    assert "更长期限的概率为外推" in said.err
    assert "the latest" not in said.err


def test_a_model_that_cannot_be_read_does_not_keep_the_others_from_being_watched(foresell, home):
    pointer = home / "champions" / "churn.json"
    pointer.write_text("{", "utf-8")
    try:
        said = foresell("drift", "--as-of", "2025-09-01")
        alone = foresell("drift", "churn", "--as-of", "2025-09-01")
    finally:
        pointer.unlink()

    assert said.status == 1
    assert said.out.startswith("win version")
    assert "the churn model could not be watched" in said.err
    assert "To fix" in said.err
    assert (alone.status, alone.out) == (1, "")
