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


def context() -> typer.Context:
    return typer.Context(typer.main.get_command(_app()))


def _app() -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def first(kind: str = "") -> None:
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
