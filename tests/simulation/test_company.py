import pickle
from datetime import date

import pytest

from simulation.calendar import build_calendar
from simulation.company import CompanySettings
from simulation.errors import BadCompany


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deals", 0),
        ("days", 10),
        ("dirt", 0.5),
        ("seed", -1),
        ("sellers", 1),
        ("customers", 3),
        ("currency", "yuan"),
        ("timezone", "Asia/Nowhere"),
        ("timezone", "../etc"),
    ],
)
def test_a_setting_that_cannot_be_met_names_itself_and_the_way_out(name, value):
    with pytest.raises(BadCompany, match=rf"(?s)setting {name} is .*To fix: give {name} as"):
        CompanySettings(**{name: value})


def test_an_unknown_country_is_named_when_its_holidays_are_asked_for():
    with pytest.raises(BadCompany, match="country is Atlantis"):
        build_calendar(CompanySettings(country="Atlantis"))


def test_the_error_survives_pickling():
    error = pickle.loads(pickle.dumps(BadCompany("deals", 0, "1 or more")))

    assert str(error) == "The company's setting deals is 0.\nTo fix: give deals as 1 or more."


def test_size_follows_the_deals_unless_it_is_given():
    assert CompanySettings(deals=11_000).desks == 100
    assert CompanySettings(deals=1).desks == 4
    assert CompanySettings(deals=11_000, sellers=7, customers=50).desks == 7
    assert CompanySettings(deals=1, customers=50).accounts == 50
    assert CompanySettings(start=date(2025, 1, 1), days=365).end == date(2026, 1, 1)
