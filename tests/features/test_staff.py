"""Sellers, teams and what is under a team."""

from features.staff import Staff, read_staff


def test_a_team_holds_itself_and_all_under_it():
    staff = Staff(teams={"all": None, "north": "all", "oslo": "north", "east": "all", "alone": None})
    assert staff.below("north") == {"north", "oslo"}
    assert staff.below("all") == {"all", "north", "oslo", "east"}
    assert staff.below("unheard") == {"unheard"}


def test_teams_that_are_each_others_parents_end():
    assert Staff(teams={"a": "b", "b": "a"}).below("a") == {"a", "b"}


def test_the_sellers_of_a_team_and_of_those_under_it():
    staff = Staff({"r1": "north", "r2": "oslo", "r3": "east", "r4": None}, {"north": None, "oslo": "north"})
    assert staff.reps_below("north") == {"r1", "r2"}
    assert staff.reps_below("oslo") == {"r2"}


def test_the_staff_is_as_last_recorded_without_those_deleted(story):
    story.rep("r1", team_id="north", recorded="2024-01-01").rep("r1", team_id="oslo", recorded="2024-02-01")
    story.rep("r2", recorded="2024-01-01").rep("r3", team_id="north", recorded="2024-01-01")
    story.row("reps", rep_id="r3", deleted_at="2024-03-01", recorded="2024-03-01")
    story.row("teams", team_id="oslo", parent_team_id="north").row("teams", team_id="north")
    staff = read_staff(story.history)
    assert staff.reps == {"r1": "oslo", "r2": None}
    assert staff.teams == {"oslo": "north", "north": None}


def test_a_history_without_sellers_has_no_staff(story):
    story.deal("d1")
    assert read_staff(story.history) == Staff()
