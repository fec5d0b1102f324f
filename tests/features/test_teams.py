"""The tree of teams as it was on record."""

from datetime import datetime

from features.teams import team_of_reps, team_paths, teams_in_circles

EARLY, LATE = datetime(2024, 2, 15), datetime(2024, 4, 1)


def test_a_team_that_was_moved_stands_where_it_stood_then(story):
    story.row("teams", team_id="all").row("teams", team_id="north", parent_team_id="all")
    story.row("teams", team_id="south", parent_team_id="all").row("teams", team_id="city", parent_team_id="north")
    story.import_now("2024-02-01")
    story.row("teams", team_id="city", parent_team_id="south")
    story.row("teams", team_id="harbour", parent_team_id="city")
    story.import_now("2024-03-01")

    early, late = team_paths(story.history, EARLY), team_paths(story.history, LATE)

    assert early["city"] == ("all", "north")
    assert late["city"] == ("all", "south")
    assert late["harbour"] == ("all", "south", "city")
    assert early["all"] == late["all"] == ()


def test_the_team_of_a_rep_is_the_one_then(story):
    story.rep("r1", team_id="north").rep("r2", team_id=None).import_now("2024-02-01")
    story.rep("r1", team_id="south").import_now("2024-03-01")
    story.row("reps", rep_id="r2", deleted_at="2024-03-05").import_now("2024-03-06")

    assert team_of_reps(story.history, EARLY) == {"r1": "north", "r2": None}
    assert team_of_reps(story.history, LATE) == {"r1": "south"}


def test_a_parent_that_is_no_team_is_left_out(story):
    story.row("teams", team_id="a", parent_team_id="nowhere").row("teams", team_id="b", parent_team_id="a")

    assert team_paths(story.history, datetime(2040, 1, 1)) == {"a": (), "b": ("a",)}


def test_teams_in_a_circle_are_roots_and_can_be_named(story):
    for team, parent in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "d"), ("self", "self")):
        story.row("teams", team_id=team, parent_team_id=parent)
    at = datetime(2040, 1, 1)

    assert team_paths(story.history, at) == {"a": (), "b": (), "c": (), "d": ("a",), "e": ("a", "d"), "self": ()}
    assert teams_in_circles(story.history, at) == ("a", "b", "c", "self")


def test_a_history_without_teams_has_none(story):
    story.deal("d1")

    assert team_paths(story.history, LATE) == team_of_reps(story.history, LATE) == {}
