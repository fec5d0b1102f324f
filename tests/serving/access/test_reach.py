import pytest

from features.staff import Staff
from serving.access.reach import ALL, Kind, Reach, Visible, reach, resolve
from serving.problems.access_errors import ReachNotAccepted

STAFF = Staff(
    reps={"anna": "north", "bo": "oslo", "cy": "south", "dee": None},
    teams={"north": None, "oslo": "north", "south": None, "loop": "pool", "pool": "loop"},
)


def test_own_is_one_rep_and_team_is_the_team_and_all_below():
    assert resolve(reach("own", "bo"), STAFF) == Visible(False, frozenset({"bo"}))
    assert resolve(reach("team", team_id="north"), STAFF).reps == {"anna", "bo"}
    assert resolve(reach("team", team_id="oslo"), STAFF).reps == {"bo"}


def test_a_leader_sees_himself_wherever_he_stands():
    assert resolve(reach("team", "dee", "oslo"), STAFF).reps == {"bo", "dee"}


def test_a_team_that_is_not_on_record_has_nobody_and_a_circle_ends():
    assert resolve(reach("team", team_id="west"), STAFF).reps == set()
    assert resolve(reach("team", team_id="loop"), STAFF).reps == set()


def test_what_nobody_owns_is_seen_by_those_who_see_everything():
    everything, some = resolve(ALL, STAFF), resolve(reach("team", team_id="north"), STAFF)

    assert everything.rep(None)
    assert everything.any_of([])
    assert not some.rep(None)
    assert not some.any_of([])
    assert some.any_of(["cy", "bo"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("mine", None, None), "there is no reach 'mine'"),
        (("own", None, "north"), "needs a rep_id"),
        (("team", "anna", None), "needs a team_id"),
        (("own", "", None), "1 to 500"),
        (("own", "x" * 501, None), "1 to 500"),
    ],
)
def test_a_reach_that_starts_nowhere_is_refused(given, said):
    with pytest.raises(ReachNotAccepted, match=said):
        reach(*given)


def test_a_team_without_its_id_sees_nobody_even_if_a_row_of_the_store_says_so():
    assert resolve(Reach(Kind.TEAM), STAFF).reps == set()
    assert resolve(Reach(Kind.OWN), STAFF).reps == set()
