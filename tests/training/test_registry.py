"""One MLflow store, filled once: logging is slow."""

import errno
import json
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from features.history import History
from features.online import Memory
from features.open_deals import open_deals
from training import registry_card
from training.blend import Blend
from training.bundle import Bundle, live_bundle
from training.bundle_file import BundleDamaged, load_any, shadow_bundle
from training.candidate import Verdict
from training.mlflow_store import StoreNotWritable
from training.pyfunc import score_table
from training.registry import NoSuchVersion, NothingToRollBack, Refused, Registry, ShadowOfItself
from training.retraining import Wish, train_one
from training.win_candidate import WinCandidate

DAY_ONE = datetime(2026, 11, 2, 8, 0, 0)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Filled:
    """A registry with two versions: 1 was promoted, then 2, then 1 again by rolling back."""

    registry: Registry
    first: str
    second: str
    rolled_back_to: str
    home: Path


@pytest.fixture(scope="module")
def modelled(candidate: WinCandidate) -> WinCandidate:
    """The company's candidate with a model to serve, whatever its trial said."""
    bundle = replace(candidate.bundle, estimate=Blend().fit(candidate.sample), rung="model")
    return replace(candidate, bundle=bundle)


@pytest.fixture(scope="module")
def filled(modelled: WinCandidate, company, tmp_path_factory) -> Filled:
    candidate = modelled
    home = tmp_path_factory.mktemp("registry") / "home"
    registry = Registry(home)
    first = registry.log(candidate, company.history)
    registry.promote("win", first, DAY_ONE)
    second = registry.log(candidate, company.history)
    registry.promote("win", second, DAY_ONE + DAY)
    back = registry.rollback("win", DAY_ONE + 2 * DAY)
    return Filled(registry, first, second, back, home)


def test_all_versions_and_moves_are_told_beside_the_champions(filled):
    told = registry_card.read(filled.home, "win")

    assert [(one["version"], one["state"]) for one in told["versions"]] == [("2", "archived"), ("1", "champion")]
    assert [(one["version"], one["move"]) for one in told["log"]] == [("1", "live"), ("2", "live"), ("1", "back")]
    assert all(one["metrics"] for one in told["versions"])


def test_versions_are_numbered_and_listed_newest_first(filled, modelled):
    found = filled.registry.versions("win")

    assert (filled.first, filled.second) == ("1", "2")
    assert [one.version for one in found] == ["2", "1"]
    assert [one.live for one in found] == [False, True]
    assert {one.serves for one in found} == {modelled.choice.name}
    assert {one.rung for one in found} == {"model"}
    assert {one.says for one in found} == {modelled.choice.says}
    assert found[0].loss == modelled.scorecards[modelled.choice.name].log_loss
    assert filled.registry.versions() == found
    assert filled.registry.versions("churn") == []


def test_it_is_told_which_version_was_live_when(filled):
    live_at = filled.registry.live_at

    assert live_at("win", DAY_ONE - timedelta(seconds=1)) is None
    assert live_at("win", DAY_ONE) == "1"
    assert live_at("win", DAY_ONE + DAY - timedelta(seconds=1)) == "1"
    assert live_at("win", DAY_ONE + DAY) == "2"
    assert filled.rolled_back_to == live_at("win", DAY_ONE + 2 * DAY) == "1"
    assert live_at("churn", DAY_ONE) is None


def test_a_version_shows_all_that_was_logged_of_it(filled, modelled, company):
    shown = filled.registry.show("win", "1")

    assert shown["live"] is True
    assert shown["promotions"] == ["2026-11-02T08:00:00", "2026-11-04T08:00:00"]
    tags, params, metrics = shown["tags"], shown["params"], shown["metrics"]
    assert tags["foresell.history"] == company.history.fingerprint
    assert tags["foresell.features"] == modelled.bundle.fingerprint
    assert tags["foresell.until"] == company.end.isoformat()
    assert params["serves"] == modelled.choice.name
    assert params["seed"] == "0"
    assert params["closed_deals"] == str(modelled.sample.closed_deals)
    assert metrics["log_loss"] == modelled.scorecards[modelled.choice.name].log_loss
    for rival in set(modelled.scorecards) - {modelled.choice.name}:
        assert metrics[f"{rival}.log_loss"] == modelled.scorecards[rival].log_loss


def test_the_run_keeps_scorecard_plot_bundle_and_features(filled, modelled, tmp_path):
    run_id = str(filled.registry.show("win", "2")["run_id"])
    folder = _download(filled.registry, f"runs:/{run_id}/", tmp_path)

    scorecard = json.loads((folder / "scorecard.json").read_text("utf-8"))
    assert scorecard["serves"] == modelled.choice.name
    assert set(scorecard["scorecards"]) == set(modelled.scorecards)
    assert (folder / "reliability.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "report.html").read_text("utf-8").lower().startswith("<!doctype html>")
    used = json.loads((folder / "features.json").read_text("utf-8"))["used"]
    assert used == [feature.name for feature in modelled.bundle.features]
    assert Bundle.load(folder / "bundle").to_json() == modelled.bundle.to_json()


def test_the_pointer_says_where_the_champion_lies(filled, modelled):
    folder = live_bundle(filled.home, "win")
    assert folder is not None
    live = Bundle.load(folder)

    assert live.version == "1"
    assert live.to_json() == modelled.bundle.to_json()
    assert json.loads((filled.home / "champions" / "win.json").read_text())["promoted_at"] == "2026-11-04T08:00:00"
    assert filled.registry.bundle("win", "2").version == "2"
    assert not list(filled.home.rglob("*.tmp"))


def test_the_python_function_gives_the_numbers_that_are_served(filled, modelled, company):
    import mlflow
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(filled.registry.address)
        mlflow.set_registry_uri(filled.registry.address)
        loaded = mlflow.pyfunc.load_model("models:/win@champion")
    ids = open_deals(company.history, company.end).ids.tolist()[:20]
    values = Memory(company.history, modelled.bundle.features).values(ids, company.end)
    served = modelled.bundle.score(values, [30.0, 7.5])
    x = _frame(values, modelled)

    said = loaded.predict(x, params={"horizons": "30,7.5"})

    assert len({one.probability for one in served}) > 10
    for column in ("low", "high"):
        np.testing.assert_allclose(said[column], [getattr(one, column) for one in served], rtol=0, atol=1e-12)
    np.testing.assert_allclose(said["win_probability"], [one.probability for one in served], rtol=0, atol=1e-12)
    for days, column in ((30.0, "p_win_by_30d"), (7.5, "p_win_by_7.5d")):
        np.testing.assert_allclose(said[column], [one.by_days[days] for one in served], rtol=0, atol=1e-12)
        for place, end in enumerate(("low", "high")):
            bounds = [one.around_days[days][place] for one in served]
            np.testing.assert_allclose(said[f"{column}_{end}"], bounds, rtol=0, atol=1e-12)
    known = {"home": str(company.home), "as_of": f"{company.end.isoformat()}Z", "horizons": "30,7.5"}
    pd.testing.assert_frame_equal(loaded.predict(x, params=known), said)
    signature = loaded.metadata.signature
    assert signature.inputs.input_names() == [feature.name for feature in modelled.bundle.features]
    assert signature.outputs.input_names()[:3] == ["win_probability", "low", "high"]
    assert not any(column.required for column in signature.inputs)


def _frame(values, modelled: WinCandidate):
    """Feature values as a table with the columns and types of training."""
    import pandas as pd

    from features.evaluate import Category

    columns = {
        name: pd.Series(column.texts(), dtype=object) if isinstance(column, Category) else pd.Series(column)
        for name, column in values.items()
    }
    return pd.DataFrame(columns)[list(modelled.sample.x.columns)]


def test_rolling_back_again_goes_further_back(modelled, company, tmp_path):
    registry = Registry(tmp_path / "home")
    for number in range(3):
        registry.promote("win", registry.log(modelled, company.history), DAY_ONE + number * DAY)

    assert registry.rollback("win", DAY_ONE + 3 * DAY) == "2"
    assert registry.rollback("win", DAY_ONE + 4 * DAY) == "1"
    with pytest.raises(NothingToRollBack):
        registry.rollback("win", DAY_ONE + 5 * DAY)
    assert registry.live_at("win", DAY_ONE + 5 * DAY) == "1"


def test_a_version_that_is_not_there_is_a_named_error(filled):
    for ask in (
        lambda: filled.registry.promote("win", "99", DAY_ONE),
        lambda: filled.registry.show("win", "99"),
        lambda: filled.registry.bundle("win", "99"),
        lambda: filled.registry.show("churn", "1"),
    ):
        with pytest.raises(NoSuchVersion, match="foresell models list"):
            ask()
    folder = live_bundle(filled.home, "win")
    assert folder is not None
    assert Bundle.load(folder).version == "1"


def test_another_store_by_its_address_keeps_its_own_versions(filled, modelled, company, tmp_path):
    """The same home, the same number, another model: they must not be mistaken for each other."""
    home = tmp_path / "home"
    shutil.copytree(filled.home / "champions", home / "champions")
    other = Registry(home, f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert other.versions() == []
    with pytest.raises(NothingToRollBack):
        other.rollback("win", DAY_ONE)
    changed = replace(modelled, bundle=replace(modelled.bundle, base_rate=0.123))

    version = other.log(changed, company.history)
    other.promote("win", version, DAY_ONE)

    assert version == "1"
    assert (tmp_path / "elsewhere.db").exists()
    assert not (home / "mlflow.db").exists()
    folder = live_bundle(home, "win")
    assert folder is not None
    assert Bundle.load(folder).base_rate == 0.123
    with pytest.raises(NothingToRollBack, match="no champion before"):
        other.rollback("win", DAY_ONE)


def test_a_table_without_an_estimate_has_no_numbers(modelled):
    nothing = score_table(replace(modelled.bundle, estimate=None), modelled.sample.x.head(3), [])

    assert nothing.isna().all().all()
    assert list(nothing.columns) == ["win_probability", "low", "high"]


def test_a_version_is_candidate_shadow_champion_archived(modelled, company, tmp_path):
    registry = Registry(tmp_path / "home")
    for _ in range(2):
        registry.log(modelled, company.history)
    assert _states(registry) == {"1": "candidate", "2": "candidate"}
    registry.promote("win", "1", DAY_ONE)
    registry.shadow("win", "2", DAY_ONE + DAY)

    assert _states(registry) == {"1": "champion", "2": "shadow"}
    folder = shadow_bundle(registry.home, "win")
    assert folder is not None
    assert Bundle.load(folder).version == "2"
    with pytest.raises(ShadowOfItself):
        registry.shadow("win", "1", DAY_ONE + DAY)

    registry.promote("win", "2", DAY_ONE + 2 * DAY)
    assert _states(registry) == {"1": "archived", "2": "champion"}
    assert shadow_bundle(registry.home, "win") is None
    assert registry.show("win", "2")["log"] == [
        {"at": "2026-11-03T08:00:00", "move": "shadow"},
        {"at": "2026-11-04T08:00:00.000001", "move": "live"},
    ]
    registry.shadow("win", "1", DAY_ONE + 3 * DAY)
    registry.shadow("win", None, DAY_ONE + 4 * DAY)
    assert _states(registry) == {"1": "archived", "2": "champion"}


def test_what_the_gate_refused_goes_live_only_by_force(modelled, company, tmp_path):
    registry = Registry(tmp_path / "home")
    version = registry.log(modelled, company.history, Verdict(False, "It is worse by +0.1."))

    with pytest.raises(Refused, match=r"worse by \+0\.1") as refused:
        registry.promote("win", version, DAY_ONE)
    assert "--force" in str(refused.value)
    assert registry.live_at("win", DAY_ONE) is None
    registry.promote("win", version, DAY_ONE, force=True)
    assert registry.live_at("win", DAY_ONE) == version


def test_two_processes_that_promote_at_once_lose_nothing(modelled, company, tmp_path):
    registry = Registry(tmp_path / "home")
    for _ in range(2):
        registry.log(modelled, company.history)
    program = (
        "import sys; from datetime import datetime; from pathlib import Path; from training.registry import Registry\n"
        "registry = Registry(Path(sys.argv[1]), sys.argv[2])\n"
        "for _ in range(4): registry.promote('win', sys.argv[3], datetime(2026, 11, 2, 8))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(registry.home), registry.address, version])
        for version in ("1", "2")
    ]

    assert [one.wait(120) for one in running] == [0, 0]
    log = registry.log_of("win")
    versions = [one.version for one in log]
    assert set(versions) == {"1", "2"}
    assert all(one != following for one, following in pairwise(versions))
    assert len({one.at for one in log}) == len(log)
    folder = live_bundle(registry.home, "win")
    assert folder is not None
    live = next(one.version for one in registry.versions("win") if one.live)
    assert Bundle.load(folder).version == live == log[-1].version


def test_the_same_history_gives_the_same_bundle_in_another_home(company, tmp_path):
    """Trained twice, stored in two homes: the same checksum, of the bundle and of what drift is told from."""
    sums = []
    for name in ("one", "two"):
        home = tmp_path / name
        shutil.copytree(company.home, home)
        history, registry = History.existing(home), Registry(home)
        trained = train_one("win", history, registry, company.end, Wish(folds=1), lambda: DAY_ONE)
        (version,) = registry.versions("win")
        assert trained.state == "promoted"
        folder = live_bundle(home, "win")
        assert folder is not None
        sums.append((version.sha256, (folder / "drift.json").read_text("utf-8")))

    assert sums[0] == sums[1]
    assert len(sums[0][0]) == 64


def _states(registry: Registry) -> dict[str, str]:
    return {one.version: one.state for one in registry.versions("win")}


def _download(registry: Registry, uri: str, folder: Path) -> Path:
    import mlflow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(registry.address)
        return Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(folder)))


def test_a_damaged_copy_is_fetched_again_by_promoting_its_version(filled, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(filled.home / "champions", home / "champions")
    registry = Registry(home, filled.registry.address)
    folder = live_bundle(home, "win")
    assert folder is not None
    whole = (folder / "bundle.json").read_bytes()
    (folder / "bundle.json").write_bytes(whole[: len(whole) // 2])
    before = registry.log_of("win")
    with pytest.raises(BundleDamaged, match="foresell models promote MODEL VERSION"):
        load_any(folder)

    registry.promote("win", filled.first, DAY_ONE + 9 * DAY)

    assert (folder / "bundle.json").read_bytes() == whole
    assert registry.log_of("win") == before


def test_promoting_what_is_live_leaves_the_way_back_open(modelled, company, tmp_path):
    registry = Registry(tmp_path / "home")
    for day in range(2):
        registry.promote("win", registry.log(modelled, company.history), DAY_ONE + day * DAY)
    registry.promote("win", "2", DAY_ONE + 2 * DAY)

    assert registry.rollback("win", DAY_ONE + 3 * DAY) == "1"


def test_the_live_version_is_restored_where_its_pointer_is_gone_or_broken(filled, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(filled.home / "champions", home / "champions")
    registry = Registry(home, filled.registry.address)
    pointer = home / "champions" / "win.json"
    whole = pointer.read_bytes()
    for broken in (b"", b"[]", b'{"folder": 3}'):
        pointer.write_bytes(broken)
        assert registry.restore("win")
        assert pointer.read_bytes() == whole
    pointer.unlink()
    assert registry.restore("win")
    assert pointer.read_bytes() == whole
    assert not registry.restore("churn")


def test_all_versions_are_told_where_they_fill_several_pages(filled, monkeypatch):
    monkeypatch.setattr("training.registry.PAGE", 1)

    assert [one.version for one in filled.registry.versions("win")] == ["2", "1"]
    assert filled.registry.show("win", "1")["version"] == "1"


def test_a_disk_that_is_full_is_named_as_such(filled, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("training.exporting.os.replace", full)
    with pytest.raises(StoreNotWritable, match="free some space"):
        Registry(tmp_path / "home", filled.registry.address).promote("win", filled.second, DAY_ONE)
