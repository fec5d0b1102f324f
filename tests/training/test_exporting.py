import json
from datetime import datetime

from training.bundle_file import live_bundle
from training.exporting import point, replace, unpoint


def test_a_file_is_replaced_whole_and_leaves_no_draft(tmp_path):
    path = tmp_path / "bundle.json"
    replace(path, b"one")
    replace(path, b"two")

    assert path.read_bytes() == b"two"
    assert [one.name for one in tmp_path.iterdir()] == ["bundle.json"]


def test_what_is_pointed_at_answers_until_it_is_not(tmp_path):
    folder = tmp_path / "champions" / "win" / "3-abc"
    folder.mkdir(parents=True)
    point(tmp_path, "win", "3", folder, datetime(2026, 11, 2, 8, 0, 0, 5))

    assert live_bundle(tmp_path, "win") == folder
    told = json.loads((tmp_path / "champions" / "win.json").read_text("utf-8"))
    assert told == {"version": "3", "folder": "win/3-abc", "promoted_at": "2026-11-02T08:00:00"}
    unpoint(tmp_path, "win")
    unpoint(tmp_path, "win")
    assert live_bundle(tmp_path, "win") is None
