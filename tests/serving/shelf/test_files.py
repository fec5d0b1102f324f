import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from serving.champion import real_sources
from serving.problems.errors import EarlierVersionServes, NoChampion
from serving.shelf.shelf import Shelf
from tests.serving.conftest import NOW
from training.bundle_file import seal, unseal

REAL = real_sources(lambda: NOW)


def folder(home, version):
    return home / "champions" / "win" / f"{version}-aaaaaaaa"


def point(home, version):
    said = {"version": version, "folder": f"win/{version}-aaaaaaaa", "promoted_at": "2026-11-01T00:00:00"}
    (home / "champions" / "win.json").write_text(json.dumps(said))


@pytest.fixture
def home(company):
    """Versions 7, 8 and 9 were promoted one after the other, as the registry does it."""
    champions = company.home / "champions"
    shutil.rmtree(champions)
    for version in "789":
        folder(company.home, version).mkdir(parents=True)
        document = {"model": "win", "version": version}
        (folder(company.home, version) / "bundle.json").write_text(seal(document))
    log = [{"version": version, "at": f"2026-11-0{version}T00:00:00", "move": "live"} for version in "789"]
    versions = [{"version": version, "run_id": "a" * 32} for version in "789"]
    told = {"format": 1, "model": "win", "versions": versions, "log": log}
    (champions / "win.versions.json").write_text(json.dumps(told))
    point(company.home, "9")
    return company.home


@pytest.fixture
def shelf(company, home):
    def load(where):
        return company.champion(unseal(where)["version"])

    sources = replace(company.sources, find=REAL.find, before=REAL.before, load=load)
    return Shelf(home, sources, timedelta(milliseconds=5), timedelta(0))


def cut_off(home):
    file = folder(home, "9") / "bundle.json"
    file.write_bytes(file.read_bytes()[:30])


def turn_a_bit(home):
    file = folder(home, "9") / "bundle.json"
    file.write_text(file.read_text().replace('"version": "9"', '"version": "6"'))


def empty(home):
    (folder(home, "9") / "bundle.json").write_bytes(b"")


def remove(home):
    shutil.rmtree(folder(home, "9"))


@pytest.mark.parametrize("damage", [cut_off, turn_a_bit, empty, remove])
def test_a_service_that_starts_with_a_damaged_champion_serves_the_one_before_and_says_so(shelf, home, damage):
    good = (folder(home, "9") / "bundle.json").read_bytes()
    damage(home)
    shelf.look()

    assert shelf.pair().champion.version == "8"
    assert shelf.pair().records is not None
    (trouble,) = shelf.standing.troubles
    assert isinstance(trouble, EarlierVersionServes)
    assert "Version 8 answers instead, the latest that was live" in str(trouble)
    assert shelf.standing.lacking["win"] is trouble

    shelf.look()
    assert len(shelf.standing.troubles) == 1, "it is said as long as it is so"

    folder(home, "9").mkdir(exist_ok=True)
    (folder(home, "9") / "bundle.json").write_bytes(good)
    point(home, "9")
    assert shelf.look()
    assert (shelf.pair().champion.version, shelf.standing.troubles, shelf.standing.lacking.get("win")) == (
        "9",
        (),
        None,
    )


@pytest.mark.parametrize("pointer", [b"", b'{"version": "9", "fold', b"[]", None])
def test_where_only_the_pointer_is_damaged_its_version_is_found_without_it(shelf, home, pointer):
    file = home / "champions" / "win.json"
    file.unlink() if pointer is None else file.write_bytes(pointer)
    shelf.look()

    assert shelf.pair().champion.version == "9"
    assert isinstance(shelf.standing.troubles[0], EarlierVersionServes)


def test_two_damaged_ones_are_both_passed_over(shelf, home):
    cut_off(home)
    shutil.rmtree(folder(home, "8"))
    shelf.look()

    assert shelf.pair().champion.version == "7"


def test_a_damaged_one_that_is_replaced_by_another_keeps_the_one_before(shelf, home):
    cut_off(home)
    shelf.look()
    folder(home, "10").mkdir()
    point(home, "10")
    shelf.look()

    assert shelf.pair().champion.version == "8"
    assert isinstance(shelf.standing.troubles[0], EarlierVersionServes)


def test_where_nothing_can_be_loaded_the_first_reason_stands(shelf, home):
    for version in "789":
        shutil.rmtree(folder(home, version))
    (home / "champions" / "win.json").unlink()
    shelf.look()

    with pytest.raises(NoChampion):
        shelf.pair()
