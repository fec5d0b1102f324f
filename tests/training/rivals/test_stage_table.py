import pytest

from training.rivals import RivalNotApplicable
from training.rivals.stage_table import StageTable


def at(stage, pipeline="main"):
    return {"deal_stage": stage, "deal_pipeline": pipeline}


def test_a_deal_counts_at_every_stage_it_reached_and_once_at_each(deals):
    past = deals(
        ("a", 1, at("New")), ("a", 1, at("New")), ("a", 1, at("Offer")), ("b", 0, at("New")), ("c", 0, at("New"))
    )
    rival = StageTable().fit(past)

    overall = (1 + 0.5) / (3 + 1)
    pipeline = (1 + 5 * overall) / (3 + 5)
    assert rival.counts == {("main", "New"): 3, ("main", "Offer"): 1}
    assert rival.score(at("New")) == pytest.approx((1 + 5 * pipeline) / (3 + 5))
    assert rival.score(at("Offer")) == pytest.approx((1 + 5 * pipeline) / (1 + 5))


def test_a_new_stage_gets_its_pipelines_rate_and_a_new_pipeline_everybodys(deals):
    rival = StageTable().fit(deals(("a", 1, at("New")), ("b", 0, at("New", "other"))))

    assert rival.score(at("Signed")) == rival.pipelines["main"] > rival.rate
    assert rival.score(at("New", "third")) == rival.rate


def test_a_history_without_stages_cannot_have_one(deals):
    with pytest.raises(RivalNotApplicable, match="which stage"):
        StageTable().fit(deals(("a", 1, {"deal_stage": None}), ("b", 0, {"deal_stage": None})))
