"""What did commands do, and who ran them? The one place where a command leaves its entry in the audit trail.

The floors below know of no trail, so their commands are wrapped where they are put under the one name `foresell`. A
command that writes or takes data along first looks whether the trail can be written, and does nothing where it cannot.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

import typer
from click import ClickException

from features.doors import home_of, now
from features.errors import ForesellError, was_interrupted
from serving.store.at_home import store_of

Given = Mapping[str, Any]
"""What a command was called with."""


class TrailAway(ForesellError):
    problem = "Nothing was done: the audit trail could not be written, because the database does not answer ({0})."
    fix = "start the database or correct FORESELL_DATABASE, then run the command again."


class NotInTrail(ForesellError):
    problem = "It was done, and could not be put into the audit trail ({1}): {0}."
    fix = "keep this line, and see why the database no longer answers."


@dataclass(frozen=True)
class Noted:
    """How a command stands in the trail: what it does, to what, and which of the things it was given are told."""

    action: str
    subject: Callable[[Given], str]
    told: tuple[str, ...] = ()
    only_with: str = ""
    """An option without which the command only looks."""
    beforehand: bool = False
    """Whether it is noted before it is done: afterwards there may be no trail that this release could write."""


def _fixed(subject: str) -> Callable[[Given], str]:
    return lambda given: subject


def _model(given: Given) -> str:
    version = given.get("version")
    return f"model:{given['model']}" + (f":{version}" if version else "")


NOTED: Mapping[tuple[str, ...], Noted] = {
    ("import",): Noted("history.imported", _fixed("history"), ("folder", "mapping", "as_of")),
    ("history", "compact"): Noted("history.compacted", _fixed("history")),
    ("history", "upgrade"): Noted("history.upgraded", _fixed("history")),
    ("history", "show"): Noted("rows.exported", lambda given: f"table:{given['table']}", ("out", "as_of")),
    ("history", "export"): Noted("history.exported", _fixed("history"), ("out", "as_of", "versions")),
    ("check",): Noted("check.exported", _fixed("history"), ("out", "as_of"), only_with="out"),
    ("features", "build"): Noted(
        "features.exported", lambda given: f"features:{given['entity']}", ("out", "as_of", "since")
    ),
    ("train",): Noted("model.trained", _model, ("until", "promote", "shadow")),
    ("backtest",): Noted("model.judged", _model, ("until", "out", "report")),
    ("predict",): Noted("scores.exported", _model, ("out", "as_of", "by")),
    ("score",): Noted("scores.exported", _model, ("features", "out", "as_of", "reasons")),
    ("models", "promote"): Noted("model.promoted", _model, ("force",)),
    ("models", "rollback"): Noted("model.rolled-back", _model),
    ("models", "shadow"): Noted("model.shadowed", _model),
    ("served", "outcomes"): Noted("outcomes.exported", _fixed("served"), ("out", "as_of", "since"), only_with="out"),
    ("jobs", "run"): Noted("job.run", lambda given: f"job:{given['name']}"),
    ("store", "upgrade"): Noted("store.upgraded", _fixed("store")),
    ("store", "downgrade"): Noted("store.downgraded", _fixed("store"), ("layout",), beforehand=True),
}
"""Commands that write or take data along, and have no line of their own in the trail."""

LOOKS_OR_NOTES_ITSELF = frozenset(
    {
        *(("features", one) for one in ("list", "new")),
        *(("models", one) for one in ("list", "show")),
        *(("keys", one) for one in ("create", "list", "revoke")),
        *(("users", one) for one in ("create", "list", "disable", "password", "role")),
        *(("secrets", one) for one in ("set", "list", "delete", "rotate", "key")),
        *(("audit", one) for one in ("list", "export", "verify")),
        ("store", "show"),
        *((one,) for one in ("drift", "demo", "serve", "backup", "restore")),
        *(("history", one) for one in ("stats", "verify")),
        ("jobs", "list"),
        ("served", "export"),
    }
)
"""All others. A new command needs its place here or above."""


def with_trail(app: typer.Typer, words: tuple[str, ...] = ()) -> typer.Typer:
    """The same commands, each leaving its entry; the commands themselves stay as they are."""
    found = copy(app)
    found.registered_commands = []
    for info in app.registered_commands:
        assert info.callback is not None
        name = info.name or info.callback.__name__.rstrip("_").replace("_", "-")
        one = copy(info)
        if (noted := NOTED.get((*words, name))) is not None:
            one.callback = _wrapped(info.callback, noted, " ".join((*words, name)))
        found.registered_commands.append(one)
    found.registered_groups = []
    for group in app.registered_groups:
        below = copy(group)
        assert isinstance(group.typer_instance, typer.Typer)
        below.typer_instance = with_trail(group.typer_instance, (*words, _name_of(group)))
        found.registered_groups.append(below)
    return found


def _name_of(group: Any) -> str:
    return str(group.name)


def _wrapped(callback: Callable[..., object], noted: Noted, words: str) -> Callable[..., object]:
    @functools.wraps(callback)
    def run(**given: Any) -> object:
        if noted.only_with and given.get(noted.only_with) is None:
            return callback(**given)
        detail = {"command": words, **{name: _plain(given[name]) for name in noted.told if given.get(name) is not None}}
        if noted.beforehand:
            told = (given["context"], noted.action, noted.subject(given), detail)
            try:
                note_command(*told)
            except NotInTrail as away:
                raise TrailAway(away.args[1]) from away
            with _noted_where_it_fails(*told):
                return callback(**given)
        with noting(given["context"], noted.action, noted.subject(given), detail):
            return callback(**given)

    return run


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int | float) else str(value)


@contextmanager
def noting(context: typer.Context, action: str, subject: str, detail: dict[str, object]) -> Iterator[dict[str, object]]:
    """Do something that belongs into the trail, and put it there; more may be told in `detail` meanwhile.

    What fails is noted with the error's name, unless it was called wrongly. A home without a database gets one when
    something was done there. Raises TrailAway before anything is done, NotInTrail afterwards.
    """
    if _has_database(context):
        try:
            _must_take_entries(context)
        except ForesellError as away:
            raise TrailAway(_said(away)) from away
    with _noted_where_it_fails(context, action, subject, detail):
        yield detail
    note_command(context, action, subject, detail)


@contextmanager
def _noted_where_it_fails(
    context: typer.Context, action: str, subject: str, detail: Mapping[str, object]
) -> Iterator[None]:
    """Note what fails with the error's name, where there is a database; the error stays the one that is told."""
    try:
        yield
    except BaseException as failure:
        if _has_database(context) and not _is_harmless(failure):
            why = "Interrupted" if was_interrupted(failure) else type(failure).__name__
            try:
                note_command(context, action, subject, {**detail, "failed": why})
            except NotInTrail as lost:
                typer.echo(f"Error: {_said(lost)}.", err=True)
        raise


def note_command(context: typer.Context, action: str, subject: str, detail: Mapping[str, object]) -> None:
    """Leave an entry for what a command did or took along. Raises NotInTrail."""
    from serving.access.audit import by_command, note

    try:
        with store_of(context) as store, store.session() as session:
            note(session, by_command(), action, subject, detail, now())
    except ForesellError as away:
        told = ", ".join(f"{name} {value}" for name, value in detail.items())
        raise NotInTrail(f"{action} {subject} ({told})", _said(away)) from away


def _has_database(context: typer.Context) -> bool:
    """Whether there is a database, or one is named; the home's own is made when it is first written to."""
    from serving.settings import read_settings

    settings = read_settings(home=home_of(context))
    return settings.database is not None or (settings.home / "foresell.db").exists()


def _must_take_entries(context: typer.Context) -> None:
    """Write to the trail's latest place what stands there. Raises what the database's trouble is."""
    from sqlalchemy import update

    from serving.store.people_tables import AuditHead

    with store_of(context) as store, store.session() as session:
        session.execute(update(AuditHead).where(AuditHead.place == 1).values(number=AuditHead.number))


def _is_harmless(failure: BaseException) -> bool:
    """Whether a command ended so before it did anything, or in good order."""
    return isinstance(failure, ClickException) or (isinstance(failure, typer.Exit) and failure.exit_code == 0)


def _said(trouble: ForesellError) -> str:
    return trouble.problem.format(*trouble.args).rstrip(".")
