"""What commands write or take along stands in the audit trail, with who ran them; where it cannot, they do nothing."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from sqlalchemy import text
from typer.main import get_command

from serving.access.audit import Entry, by_command, every, verify
from serving.access.command_trail import LOOKS_OR_NOTES_ITSELF, NOTED, NotInTrail, TrailAway, noting
from serving.cli import app
from serving.store.opening import open_engine, open_store
from tests.conftest import Story
from tests.serving.commands_run import Said

Command = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose database is there."""
    (tmp_path / "home").mkdir()
    open_store(f"sqlite:///{tmp_path / 'home' / 'foresell.db'}").close()
    return tmp_path / "home"


def trail(home: Path) -> list[Entry]:
    store = open_store(f"sqlite:///{home / 'foresell.db'}")
    try:
        with store.session() as session:
            verify(session)
            return list(every(session))
    finally:
        store.close()


def told(home: Path) -> list[tuple[str, str, object]]:
    return [(one.action, one.subject, one.detail.get("failed")) for one in trail(home)]


def commands(command: object, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield words
    else:
        for name, one in below.items():
            yield from commands(one, (*words, name))


def test_of_every_command_it_is_said_whether_it_is_noted() -> None:
    there = set(commands(get_command(app)))

    assert there == {*NOTED} | LOOKS_OR_NOTES_ITSELF
    assert not {*NOTED} & LOOKS_OR_NOTES_ITSELF


def test_what_a_command_did_is_noted_with_who_ran_it(
    story: Story, home: Path, command: Command, tmp_path: Path
) -> None:
    story.deal("D-1", amount=5)
    story.import_now()
    history = ["--home", story.home, "history"]
    open_store(f"sqlite:///{story.home / 'foresell.db'}").close()

    assert command(*history, "export", "--out", tmp_path / "all").status == 0
    assert command(*history, "show", "deals", "--out", tmp_path / "deals.csv").status == 0
    assert command(*history, "stats").status == 0
    assert (
        command("--home", story.home, "import", tmp_path / "all", "--mapping", tmp_path / "all/mapping.yaml").status
        == 0
    )

    found = trail(story.home)
    assert [(one.action, one.subject) for one in found] == [
        ("history.exported", "history"),
        ("rows.exported", "table:deals"),
        ("history.imported", "history"),
    ]
    assert {one.actor for one in found} == {by_command().actor}
    assert found[1].detail == {"command": "history show", "out": str(tmp_path / "deals.csv")}
    assert found[2].detail["folder"] == str(tmp_path / "all")


def test_what_failed_is_noted_and_what_was_called_wrongly_is_not(home: Path, command: Command) -> None:
    assert command("--home", home, "train", "win").status == 1
    assert command("--home", home, "train", "nonsense").status == 2
    assert command("--home", home, "models", "promote", "--help").status == 0
    assert command("--home", home, "check").status == 1  # writes no file

    assert command("--home", home, "store", "downgrade", "nonsense").status == 1
    assert told(home) == [
        ("model.trained", "model:win", "NoHistory"),
        ("store.downgraded", "store", None),
        ("store.downgraded", "store", "NoSuchLayout"),
    ]


def test_a_home_without_a_database_gets_one_when_something_was_done(
    command: Command, story: Story, tmp_path: Path
) -> None:
    assert command("--home", tmp_path / "nowhere", "train", "win").status == 1
    assert not (tmp_path / "nowhere").exists()
    story.deal("D-1", amount=5)
    story.import_now()

    assert command("--home", story.home, "history", "show", "deals").status == 0
    assert told(story.home) == [("rows.exported", "table:deals", None)]


def test_nothing_is_done_where_the_trail_cannot_be_written(
    story: Story, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.deal("D-1", amount=5)
    story.import_now()
    monkeypatch.setenv("FORESELL_DATABASE", "postgresql+psycopg://nobody:secret-word@127.0.0.1:9/none")

    for words in (("history", "export", "--out", tmp_path / "all"), ("store", "downgrade", "0001")):
        refused = command("--home", story.home, *words)
        assert refused.status == 1
        assert "Nothing was done" in refused.err
        assert "FORESELL_DATABASE" in refused.err
        assert "secret-word" not in refused.err
    assert not (tmp_path / "all").exists()


def context_of(home: Path) -> typer.Context:
    context = typer.Context(get_command(app))
    context.obj = home
    return context


def test_a_trail_that_went_away_meanwhile_is_said_with_what_was_done(home: Path) -> None:
    def done_while_it_goes() -> None:
        with noting(context_of(home), "rows.exported", "table:deals", {"out": "deals.csv"}):
            engine = open_engine(f"sqlite:///{home / 'foresell.db'}")
            with engine.begin() as connection:
                connection.execute(text("DROP TABLE audit"))
            engine.dispose()

    with pytest.raises(NotInTrail, match=r"rows\.exported table:deals"):
        done_while_it_goes()


def test_a_database_that_is_only_read_stops_it_beforehand(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serving.access import command_trail
    from serving.problems.errors import StoreAway

    def refuse(_: object) -> None:
        raise StoreAway("its disk is read-only")

    monkeypatch.setattr(command_trail, "_must_take_entries", refuse)
    with pytest.raises(TrailAway, match="read-only"), noting(context_of(home), "a", "b", {}):
        pytest.fail("it was done all the same")


def test_who_runs_a_command_is_the_user_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    assert by_command().actor == f"command:{pwd.getpwuid(os.getuid()).pw_name}"

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert by_command().actor == f"command:{os.getuid()}"


def test_keys_users_and_exports_of_served_scores_name_who_ran_the_command(home: Path, command: Command) -> None:
    made = command("--home", home, "keys", "create", "--name", "CRM", "--scopes", "score")
    command("--home", home, "keys", "revoke", made.out.split("_")[1])
    command("--home", home, "users", "create", "anna", "--role", "admin", "--without-password")
    command("--home", home, "users", "disable", "anna", "--undo")
    command("--home", home, "served", "export", "--out", home / "served.csv")
    command("--home", home, "store", "downgrade", "0004")

    actions = [(one.action, one.actor) for one in trail(home)]
    assert {actor for _, actor in actions} == {by_command().actor}
    assert [action for action, _ in actions] == [
        "key.created",
        "key.revoked",
        "user.created",
        "user.changed",
        "served.exported",
        "store.downgraded",
    ]
    assert json.dumps([dict(one.detail) for one in trail(home)])
