import json

import pytest

from training.bundle import Bundle
from training.bundle_file import (
    FILE,
    BundleDamaged,
    live_bundle,
    load_any,
    seal,
    shadow_bundle,
    unseal,
    version_in,
)
from training.rivals.base_rate import BaseRate


def test_what_is_sealed_is_unsealed(tmp_path):
    document = {"model": "win", "rate": 0.25, "says": "三成"}
    (tmp_path / FILE).write_text(seal(document), "utf-8")

    assert unseal(tmp_path) == document
    turned = dict(reversed(document.items()))
    assert json.loads(seal(turned))["sha256"] == json.loads(seal(document))["sha256"]


def test_a_changed_figure_breaks_the_seal(tmp_path):
    (tmp_path / FILE).write_text(seal({"model": "win", "rate": 0.25}).replace("0.25", "0.35"), "utf-8")

    with pytest.raises(BundleDamaged, match="checksum"):
        unseal(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": "x"}'])
def test_what_is_no_bundle_is_a_named_error(tmp_path, text):
    (tmp_path / FILE).write_text(text, "utf-8")

    with pytest.raises(BundleDamaged, match="To fix"):
        unseal(tmp_path)


def test_a_bundle_of_any_model_is_loaded_by_its_own_class(tmp_path, bundle_of, invented):
    dataset = invented(60, 1).dataset
    bundle_of(BaseRate().fit(dataset), dataset).save(tmp_path)
    (tmp_path / "version").write_text("7\n", "utf-8")

    loaded = load_any(tmp_path)

    assert isinstance(loaded, Bundle)
    assert loaded.version == version_in(tmp_path) == "7"


def test_a_model_of_another_release_is_a_named_error(tmp_path):
    (tmp_path / FILE).write_text(seal({"model": "weather"}), "utf-8")

    with pytest.raises(BundleDamaged, match="weather"):
        load_any(tmp_path)


def test_champion_and_shadow_are_where_their_pointers_say(tmp_path):
    champions = tmp_path / "champions"
    champions.mkdir()
    assert live_bundle(tmp_path, "churn") is None
    assert shadow_bundle(tmp_path, "churn") is None
    (champions / "churn.json").write_text('{"folder": "churn/1-a"}', "utf-8")
    (champions / "churn.shadow.json").write_text('{"folder": "churn/2-b"}', "utf-8")

    assert live_bundle(tmp_path, "churn") == champions / "churn" / "1-a"
    assert shadow_bundle(tmp_path, "churn") == champions / "churn" / "2-b"
