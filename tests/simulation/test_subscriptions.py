import pyarrow.compute as pc


def test_a_term_is_a_year_and_notice_is_given_within_it(clean):
    terms = clean["subscriptions"].to_pandas()
    length = (terms["ends_on"].astype("datetime64[s]") - terms["started_on"].astype("datetime64[s]")).dt.days
    noted = terms.dropna(subset="cancelled_on")

    assert (length == 364).all()
    assert (noted["cancelled_on"] >= noted["started_on"]).all()
    assert (noted["cancelled_on"] <= noted["ends_on"]).all()
    assert len(noted) > 20


def test_contracts_are_renewed_or_not_and_never_after_notice(clean):
    terms = clean["subscriptions"].to_pandas()
    terms[["contract", "term"]] = terms["subscription_id"].str.rsplit("-", n=1, expand=True)
    over = terms[terms["ends_on"] < terms["started_on"].max()]
    renewed = set(zip(terms["contract"], terms["term"].astype(int) - 1, strict=True))
    went_on = [(contract, int(term)) in renewed for contract, term in zip(over["contract"], over["term"], strict=True)]

    assert 0.6 < sum(went_on) / len(went_on) < 0.9
    assert not any(on for on, notice in zip(went_on, over["cancelled_on"].notna(), strict=True) if on and notice)


def test_only_products_sold_by_contract_have_one(clean):
    family = dict(zip(*(clean["products"][name].to_pylist() for name in ("product_id", "family")), strict=True))

    assert {family[product] for product in pc.unique(clean["subscriptions"]["product_id"]).to_pylist()} == {
        "Software",
        "Service",
    }
