import json

import pytest

from training.live_before import folders_before


def folder(home, version):
    return home / "champions" / "win" / f"{version}-aaaaaaaa"


@pytest.fixture
def home(tmp_path):
    """Versions 7, 8 and 9 were promoted one after the other, as the registry does it."""
    for version in "789":
        folder(tmp_path, version).mkdir(parents=True)
    log = [{"version": version, "at": f"2026-11-0{version}T00:00:00", "move": "live"} for version in "789"]
    versions = [{"version": version, "run_id": "a" * 32} for version in "789"]
    told = {"format": 1, "model": "win", "versions": versions, "log": log}
    (tmp_path / "champions" / "win.versions.json").write_text(json.dumps(told))
    return tmp_path


def test_the_latest_that_was_live_comes_first(home):
    assert folders_before(home, "win") == [folder(home, "9"), folder(home, "8"), folder(home, "7")]
    folder(home, "8").rmdir()
    assert folders_before(home, "win") == [folder(home, "9"), folder(home, "7")]
    assert folders_before(home, "churn") == []


def test_a_version_that_was_rolled_back_is_none_to_go_back_to(home):
    file = home / "champions" / "win.versions.json"
    told = json.loads(file.read_text())
    told["log"].append({"version": "8", "at": "2026-11-10T00:00:00", "move": "back"})
    told["log"].append({"version": "7", "at": "2026-11-11T00:00:00", "move": "shadow"})
    file.write_text(json.dumps(told))

    assert folders_before(home, "win") == [folder(home, "8"), folder(home, "7")]


@pytest.mark.parametrize("told", ["{", "{}", '{"format": 1}', '{"format": 1, "log": [{}], "versions": []}'])
def test_nothing_is_guessed_where_no_word_was_left(home, told):
    (home / "champions" / "win.versions.json").write_text(told)

    assert folders_before(home, "win") == []
