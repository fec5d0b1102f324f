import sys
from datetime import datetime
from pathlib import Path

import pytest
import typer

from features.doors import home_of, moment, now, progress_on_terminal, run, set_home
from features.errors import ForesellError


class Trouble(ForesellError):
    problem = "The {0} is broken."
    fix = "mend the {0}."


FAULTS: dict[str, Exception] = {
    "interrupt": RuntimeError("Query interrupted"),
    "folder": NotADirectoryError(20, "Not a directory", "home"),
    "fault": ZeroDivisionError("division\nby zero"),
}


def context() -> typer.Context:
    return typer.Context(typer.main.get_command(_app()))


def _app() -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def first(kind: str = "") -> None:
        if kind in FAULTS:
            raise FAULTS[kind]
        if kind:
            raise Trouble(kind)

    @app.command()
    def second() -> None: ...

    return app


def test_the_home_is_the_one_given_then_the_environments_then_the_usual(monkeypatch):
    monkeypatch.delenv("FORESELL_HOME", raising=False)
    plain = context()
    assert home_of(plain) == Path("foresell-home")
    set_home(plain)
    assert home_of(plain) == Path("foresell-home")
    monkeypatch.setenv("FORESELL_HOME", "/from/environment")
    set_home(plain)
    assert home_of(plain) == Path("/from/environment")
    set_home(plain, Path("given"))
    assert home_of(plain) == Path("given")


def test_a_moment_is_read_in_the_historys_time_zone_and_in_utc_without_one(story, tmp_path):
    story.deal("d1")
    told = context()
    assert story.history.timezone == "Asia/Shanghai"
    set_home(told, story.home)
    assert moment(told, "2024-06-01") == datetime(2024, 5, 31, 16)
    set_home(told, tmp_path / "nothing")
    assert moment(told, "2024-06-01") == datetime(2024, 6, 1)


def test_the_clock_is_utc_without_offset():
    assert now().tzinfo is None


def test_an_error_of_ours_ends_with_one_and_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["door", "first", "--kind", "lock"])
    with pytest.raises(SystemExit) as ended:
        run(_app())

    said = capsys.readouterr()
    assert ended.value.code == 1
    assert said.out == ""
    assert said.err == "Error: The lock is broken.\nTo fix: mend the lock.\n"


@pytest.mark.parametrize("words", [["first", "--unheard-of"], ["third"]])
def test_wrong_usage_ends_with_two(monkeypatch, capsys, words):
    monkeypatch.setattr(sys, "argv", ["door", *words])
    with pytest.raises(SystemExit) as ended:
        run(_app())

    assert ended.value.code == 2
    assert capsys.readouterr().out == ""


def test_progress_is_shown_on_a_terminal_and_nowhere_else(monkeypatch, capsys):
    progress_on_terminal()("quiet")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    progress_on_terminal()("loud")
    assert "loud" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("interrupt", ["Aborted."]),
        ("folder", ["Error: A file or folder could not be used: [Errno 20] Not a directory: 'home'.", "To fix: check"]),
        (
            "fault",
            ["Error: Something went wrong that Foresell has no words for: ZeroDivisionError", "FORESELL_TRACEBACK=1"],
        ),
    ],
)
def test_no_traceback_reaches_who_types_a_command(monkeypatch, capsys, kind, says):
    monkeypatch.delenv("FORESELL_TRACEBACK", raising=False)
    monkeypatch.setattr(sys, "argv", ["door", "first", "--kind", kind])
    with pytest.raises(SystemExit) as ended:
        run(_app())

    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "Traceback" not in said
    assert all(one in said for one in says)


def test_a_fault_shows_where_it_came_from_on_request(monkeypatch):
    monkeypatch.setenv("FORESELL_TRACEBACK", "1")
    monkeypatch.setattr(sys, "argv", ["door", "first", "--kind", "fault"])
    with pytest.raises(ZeroDivisionError):
        run(_app())
