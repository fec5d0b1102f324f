import pytest

from features.contracts import Known


@pytest.fixture
def catalogue(story):
    story.product("gtx", family="GTX", list_price=550)
    story.deal("a", product="gtx").closes("won", on="2024-02-01")
    story.deal("b", product="mg").closes("lost", on="2024-02-01")
    story.deal(
        "x",
        product="gtx",
        pipeline="new business",
        source="fair",
        type="upsell",
        currency="CNY",
        crm_probability=0.4,
    )
    story.deal("y")
    return story


@pytest.mark.parametrize(
    ("feature", "value", "of_the_bare_one"),
    [
        ("product_win_rate", (1 + 20 * 0.5) / (1 + 20), 0.5),
        ("product", "gtx", None),
        ("product_family", "GTX", None),
        ("product_list_price", 550, None),
        ("deal_pipeline", "new business", None),
        ("deal_source", "fair", None),
        ("deal_type", "upsell", None),
        ("deal_currency", "CNY", None),
        ("deal_crm_probability", 0.4, None),
    ],
)
def test_what_is_sold(catalogue, feature, value, of_the_bare_one):
    assert catalogue.value(feature, "x", as_of="2024-03-01") == value
    assert catalogue.value(feature, "y", as_of="2024-03-01") == of_the_bare_one


def test_what_a_deal_says_of_itself_later_was_not_known_before(story):
    story.deal("x", source="fair")
    story.import_now("2024-02-01")
    story.deal("x", source="web")
    story.import_now("2024-03-01")

    assert story.value("deal_source", "x", as_of="2024-02-15") == "fair"
    assert story.value("deal_source", "x", as_of="2024-03-15") == "web"


def test_an_attribute_known_at_creation_is_a_feature_of_its_own(story):
    story.declares("deals", region=Known.AT_CREATION, seats=Known.AT_CREATION)
    story.deal("x", attributes={"region": "north", "seats": "12"})
    story.deal("y", attributes={"region": "", "seats": None})

    assert story.value("attr_region", "x", as_of="2024-03-01") == "north"
    assert story.value("attr_seats", "x", as_of="2024-03-01") == 12
    assert story.value("attr_region", "y", as_of="2024-03-01") == ""
    assert story.value("attr_seats", "y", as_of="2024-03-01") is None


def test_the_price_paid_beside_the_list_price(story):
    story.product("p", list_price=100).product("free", list_price=0)
    story.order("acme", on="2024-01-01", amount=900, quantity=10, product="p")
    story.order("acme", on="2024-02-01", amount=-90, quantity=-1, product="p")
    story.order("acme", on="2022-01-01", amount=50, quantity=1, product="p")
    story.order("beta", on="2024-02-01", amount=160, quantity=2, product="p")
    story.order("beta", on="2024-02-02", amount=7, product="p")
    story.order("beta", on="2024-02-02", amount=7, quantity=1, product="free")
    story.order("acme", on="2024-02-20", amount=10, quantity=1, product="p", recorded="2024-03-01")
    story.deal("x", customer="acme", product="p")
    story.deal("y", customer="nobody", product="p")
    story.deal("z", customer="beta", product="free")

    told = {"product_price_to_list": 0.85, "customer_price_to_list": 0.7}
    assert story.values(told, "x", as_of="2024-03-01") == pytest.approx(told)
    told = {"product_price_to_list": (90 + 80 + 10) / 300, "customer_price_to_list": (90 + 50 + 10) / 300}
    assert story.values(told, "x", as_of="2024-03-02") == pytest.approx(told)
    assert story.value("product_price_to_list", "x", as_of="2024-02-01") == 0.9
    assert story.value("product_price_to_list", "x", as_of="2025-01-01") == pytest.approx(0.45)
    told = {"product_price_to_list": 0.85, "customer_price_to_list": None}
    assert story.values(told, "y", as_of="2024-03-01") == pytest.approx(told)
    told = {"product_price_to_list": None, "customer_price_to_list": None}
    assert story.values(told, "z", as_of="2024-03-01") == told
