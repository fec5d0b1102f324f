import numpy as np
import pytest

from simulation.company import CompanySettings
from simulation.staff import REGIONS, build_staff, teams


@pytest.fixture(scope="module")
def staff():
    return build_staff(CompanySettings(deals=20_000))


def test_the_owner_of_a_desk_is_employed_that_day(staff):
    desks = np.arange(staff.region.size)
    for day in range(0, 730, 30):
        filled = desks[staff.opened <= day]
        owner = staff.owner(filled, day)

        assert (staff.hired[owner] <= day).all()
        assert (staff.left[owner] > day).all()


def test_some_leave_and_are_followed_on_the_same_day(staff):
    leavers = np.flatnonzero(staff.left < 730)

    assert 0.1 < leavers.size / staff.region.size < 0.8
    np.testing.assert_array_equal(staff.left[leavers], staff.hired[leavers + 1])


def test_a_beginner_sells_less_than_the_same_person_later(staff):
    beginner = np.flatnonzero((staff.hired > 0) & (staff.hired < 300))

    assert (staff.effect(beginner, staff.hired[beginner]) < staff.effect(beginner, 700) - 0.5).all()


def test_customers_are_served_in_their_region(staff):
    region = np.arange(4000) % len(REGIONS)
    desk = staff.desk_at(region, np.linspace(0, 0.999, 4000), np.arange(4000) % 730)

    np.testing.assert_array_equal(staff.region[desk], region)
    assert (staff.opened[desk] <= np.arange(4000) % 730).all()


@pytest.mark.parametrize("sellers", [4, 5, 7, 60])
def test_every_team_has_its_parent_and_every_region_a_desk(sellers):
    staff = build_staff(CompanySettings(sellers=sellers))
    tree = teams(staff).to_pylist()
    known = {team["team_id"] for team in tree}

    assert set(staff.region) == set(range(len(REGIONS)))
    assert all(team["parent_team_id"] in known for team in tree if team["team_id"] != "T0")
