from collections import defaultdict

import pyarrow.compute as pc


def test_quotas_add_up_from_seller_to_company(clean):
    sums = defaultdict(lambda: defaultdict(int))
    for row in clean["quotas"].to_pylist():
        level = row["owner_type"]
        if level == "team":
            level = "squad" if "-" in row["owner_id"] else "region"
        sums[row["period"]][level] += row["amount"]

    assert len(sums) == 9
    assert all(len(set(levels.values())) == 1 and len(levels) == 4 for levels in sums.values())


def test_quotas_are_neither_hopeless_nor_idle(clean):
    """Over the last full year the company books between half and one and a half of what was asked."""
    asked = sum(
        row["amount"]
        for row in clean["quotas"].to_pylist()
        if row["owner_type"] == "company" and row["period"] in ("2025Q4", "2026Q1", "2026Q2", "2026Q3")
    )
    won = clean["deals"].filter(pc.equal(clean["deals"]["status"], "won"))
    booked = sum(
        row["amount"] * (7 if row["currency"] == "USD" else 1)
        for row in won.to_pylist()
        if "2025-10" <= str(row["closed_at"])[:7] < "2026-10"
    )

    assert 0.5 < float(booked / asked) < 1.5


def test_rates_start_on_the_first_day(clean):
    assert pc.min(clean["fx_rates"]["valid_on"]).as_py().isoformat() == "2024-11-01"
    assert 5 < pc.min(clean["fx_rates"]["rate"]).as_py() < pc.max(clean["fx_rates"]["rate"]).as_py() < 9
