import json

import pytest

from training.bundle_file import BundleDamaged, seal, write
from training.known_words import known_words


def test_texts_of_trees_and_regressions_together(tmp_path):
    trees = {"codes": {"deal_stage": {"Lead": 0, "Proposal": 1}}, "trees": "text"}
    terms = [
        {"kind": "CategoryTerm", "name": "deal_stage", "levels": ["Proposal", "Won"]},
        {"kind": "NumberTerm", "name": "deal_amount"},
    ]
    write(tmp_path, seal({"model": "win", "estimate": {"curve": {"learners": [trees, {"terms": terms}]}}}))

    assert known_words(tmp_path) == {"deal_stage": frozenset({"Lead", "Proposal", "Won"})}


def test_a_model_of_rates_knows_none(tmp_path):
    write(tmp_path, seal({"model": "win", "estimate": None}))

    assert known_words(tmp_path) == {}


def test_a_damaged_bundle_is_said(tmp_path):
    (tmp_path / "bundle.json").write_text(json.dumps({"bundle": {}, "sha256": "no"}))

    with pytest.raises(BundleDamaged):
        known_words(tmp_path)
