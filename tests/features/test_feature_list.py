from features.catalog import CATALOG, CUSTOMER_CATALOG
from features.feature_list import entries, lines
from features.history import History


def test_before_there_is_a_history_everything_is_listed_and_nothing_left_out(tmp_path):
    found = entries(History.open(tmp_path / "home"))

    assert [entry["name"] for entry in found] == [*CATALOG, *CUSTOMER_CATALOG]
    assert {entry["left_out"] for entry in found} == {None}
    assert not (tmp_path / "home").exists()


def test_an_entry_says_what_a_feature_takes(story):
    story.order("c", on="2024-01-01")

    found = {(entry["entity"], entry["name"]): entry for entry in entries(story.history)}

    entry = found["customer", "customer_lateness"]
    assert entry["needs"] == ["purchases"]
    assert entry["tables"] == ["orders"]
    assert entry["keys"] == ["customer"]
    assert entry["null_rule"].startswith("Missing without purchases")
    assert entry["null_rule_zh"].endswith("。")
    assert entry["left_out"] is None
    assert found["deal", "deal_calls"]["left_out"] == "the history has nothing that gives activities"
    assert found["deal", "rep_win_rate"]["keys"] == ["deal", "everyone", "rep"]
    assert found["deal", "deal_stage"]["tables"] == ["deal_changes", "deals"]


def test_attributes_are_listed_with_the_deals_features(story):
    from features.contracts import Known

    story.declares("deals", region=Known.AT_CREATION)
    story.deal("a", attributes={"region": "north"})

    assert "attr_region" in {entry["name"] for entry in entries(story.history, "deal")}
    assert "attr_region" not in {entry["name"] for entry in entries(story.history, "customer")}


def test_a_person_reads_both_languages_and_what_is_left_out(story):
    story.order("c", on="2024-01-01")

    said = "\n".join(lines(entries(story.history)))

    assert "customer_lateness (customer)\n    Days since the last purchase over" in said
    assert "    needs purchases, from orders\n" in said
    assert "距最近购买的天数" in said
    assert "    not in this history: the history has nothing that gives activities" in said
