"""The company of old stays what it was: other laws of contact are settings, not changes."""

from simulation.company import CompanySettings
from simulation.writing import write_company


def test_the_default_company_has_the_rows_it_always_had(tmp_path):
    facts = write_company(CompanySettings(deals=400, dirt=0.05), tmp_path)

    assert (facts.won, facts.lost, facts.open) == (105, 248, 47)
    assert facts.rows == {
        "stages": 6, "products": 16, "teams": 9, "reps": 7, "quotas": 117, "fx_rates": 484, "deals": 412,
        "deal_changes": 4424, "activities": 7936, "orders": 1230, "subscriptions": 126, "customers": 120,
        "contacts": 244, "tickets": 146,
    }  # fmt: skip
    assert facts.end == CompanySettings(deals=400).end
