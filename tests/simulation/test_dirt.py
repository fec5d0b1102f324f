import pyarrow.compute as pc

from simulation.deals import SOURCES


def test_every_blemish_is_counted(settings, facts, tables):
    deals = tables["deals"]
    source = deals["source"]
    versions = deals.filter(pc.is_valid(deals["recorded_at"]))
    soiled = pc.sum(pc.invert(pc.is_in(source, pc.cast(list(SOURCES), source.type)))).as_py()
    industry = tables["customers"]["industry"]
    shouted = pc.sum(pc.or_(pc.ends_with(industry, "  "), pc.equal(pc.utf8_upper(industry), industry))).as_py()

    assert facts.dirt["unknown status"] == pc.sum(pc.equal(deals["status"], "pending")).as_py() > 0
    backwards = pc.sum(pc.less(deals["closed_at"], deals["created_at"])).as_py()
    assert facts.dirt["closed before created"] == backwards > 0
    assert facts.broken == facts.dirt["unknown status"] + facts.dirt["closed before created"]
    assert facts.dirt["corrected later"] == len(versions) > 0
    # An extra copy or an earlier version of a soiled deal is soiled as well.
    extra = facts.broken + facts.dirt["corrected later"]
    for kind, seen in (
        ("blanks and case", soiled + shouted),
        ("amount missing", deals["amount"].null_count),
        ("customer missing", deals["customer_id"].null_count),
    ):
        assert 0 <= seen - facts.dirt[kind] <= extra
        assert facts.dirt[kind] >= settings.dirt * settings.deals * 0.5


def test_few_rows_break_the_contract(settings, facts):
    assert 0 < facts.broken <= 0.002 * settings.deals


def test_a_corrected_deal_has_an_older_version_that_knows_less(tables):
    deals = tables["deals"].to_pylist()
    later = {row["deal_id"]: row for row in deals if row["recorded_at"]}
    earlier = {row["deal_id"]: row for row in deals if row["deal_id"] in later and not row["recorded_at"]}

    assert earlier.keys() == later.keys()
    for deal, row in earlier.items():
        assert row["status"] == "open"
        assert row["closed_at"] is None
        assert row["source"] != later[deal]["source"]
        assert later[deal]["recorded_at"] > row["created_at"]
        assert later[deal]["closed_at"] is None or later[deal]["recorded_at"] <= later[deal]["closed_at"]


def test_a_company_without_dirt_is_clean(clean):
    deals = clean["deals"]

    assert len(deals) == 6000
    assert deals["amount"].null_count == deals["customer_id"].null_count == 0
    assert deals["recorded_at"].null_count == len(deals)
    assert set(deals["status"].to_pylist()) == {"open", "won", "lost"}
