from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from msgspec import Raw

from serving.scores.subjects import Reader
from serving.shelf.one_deal import LONGEST_BODY, OneDeal, reader_of, values_of
from serving.shelf.pairs import Bundled, Pair
from training.rowwise.columns import RowColumns

NOW = datetime(2026, 11, 21)
FULL = b'{"features": {"deal_stage": "New", "deal_amount": 5}, "deal_id": "D"}'
COLUMNS = RowColumns(["deal_amount"], {"worked_out": ["a"], "deal_stage": ["Old", "New"]})


@pytest.fixture
def bundled(company):
    return Bundled(company.champion("7"), {"deal_stage": frozenset({"New", "Met"})}, company.until)


@pytest.fixture
def reader(bundled):
    return OneDeal(bundled, COLUMNS)


def test_a_deal_is_read_in_the_scorers_order(reader):
    asked = reader.read(b'{"deals": [%b], "reasons": 2}' % FULL)

    assert (asked.reasons, asked.horizons, asked.deals[0].deal_id) == (2, [30.0, 60.0, 90.0], "D")
    assert values_of(asked) == (5.0, "New")
    row = reader.row(values_of(asked))
    assert dict(row) == {"deal_amount": 5.0, "deal_stage": "New"}
    assert [row.get(name) for name in ("deal_stage", "deal_age_days")] == ["New", None]


@pytest.mark.parametrize(("stage", "codes"), [("New", [-1, 1]), ("Met", [-1, -2]), (None, [-1, -1]), ("Old", None)])
def test_texts_are_codes_and_none_where_the_model_never_met_one(reader, stage, codes):
    # "Old" is known to a learner, but was not among the texts that the model is said to have met.
    assert reader.codes((5.0, stage)) == codes


def test_where_nobody_says_what_was_met_every_text_has_a_code(company):
    codes = OneDeal(Bundled(company.champion("7"), {}, company.until), COLUMNS).codes

    assert [codes((5.0, stage))[1] for stage in ("Old", "Never", None)] == [0, -2, -1]


def test_a_body_too_long_or_of_many_deals_is_not_read(reader):
    assert reader.read(b'{"deals": [%b]}%b' % (FULL, b" " * LONGEST_BODY)) is None
    assert reader.read(b'{"deals": [%b, %b]}' % (FULL, FULL)) is None
    assert reader.read_deal(Raw(b'{"deal_id": "D"}')) is None


def test_a_model_that_is_not_laid_out_has_no_reader(bundled, company):
    assert reader_of(bundled) is None
    other = company.champion("7")
    # A scorer that looks at a number nobody can send.
    object.__setattr__(other, "scorer", SimpleNamespace(tables=SimpleNamespace(columns=RowColumns(["never"], {}))))
    object.__setattr__(other, "answer_told", None)
    assert reader_of(Bundled(other, {}, company.until)) is None


def test_a_deal_read_for_another_model_is_read_again_by_name(bundled, company):
    told = OneDeal(bundled, COLUMNS).read_deal(Raw(FULL))
    pair = Pair(bundled, None, None, None, ZoneInfo("UTC"), None, 1)
    (subject,) = Reader(pair, bundled, None, NOW).read_deals([told], 0)

    assert subject.told is None
    assert dict(subject.row) == {"deal_amount": 5.0, "deal_stage": "New"}
