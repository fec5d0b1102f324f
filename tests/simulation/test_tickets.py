import pyarrow.compute as pc


def test_complaints_are_rated_low_and_hurt_open_deals(clean):
    tickets = clean["tickets"].to_pandas()
    score = tickets.groupby("kind")["satisfaction"].mean()

    assert score["complaint"] < 2.5 < score["feedback"]
    assert (tickets["kind"] == "complaint").mean() > 0.2


def test_tickets_close_after_they_open_or_not_yet(clean):
    tickets = clean["tickets"]

    assert pc.all(pc.greater(tickets["closed_at"], tickets["opened_at"])).as_py()
    assert tickets["closed_at"].null_count > 0


def test_customers_who_complain_meanwhile_buy_less_often(clean):
    deals = clean["deals"].to_pandas()
    closed = deals[deals["status"] != "open"]
    tickets = clean["tickets"].to_pandas()
    bad = tickets.loc[tickets["kind"] == "complaint", ["customer_id", "opened_at"]]
    met = closed.merge(bad, on="customer_id")
    during = met[(met["opened_at"] > met["created_at"]) & (met["opened_at"] < met["closed_at"])]
    hurt = closed["deal_id"].isin(during["deal_id"])
    long_enough = (closed["closed_at"] - closed["created_at"]).dt.days.between(20, 120)
    won = closed["status"] == "won"

    assert hurt.sum() > 100
    assert won[hurt & long_enough].mean() < won[~hurt & long_enough].mean() - 0.03
