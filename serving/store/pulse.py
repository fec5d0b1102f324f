"""Does the database's server still answer? Who waits for one that hangs is let go, and nobody asks until it answers.

A server that refuses is told by the driver at once. One that hangs says nothing, for ever: it is stopped, its machine
is gone, a firewall drops what is sent. Its own limits (`statement_timeout`) do not help then, so the limit is on this
side. A question without an answer for `PATIENCE` is not given up for that, it may be a long one: the server is asked
over a connection of its own whether it lives. If it does not answer that either, every question under way is given up
and further ones are refused at once, until a look every second finds that it answers again (a circuit breaker).
"""

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import ConnectionPoolEntry

from serving.telemetry.request_log import LOGGER

if TYPE_CHECKING:
    from psycopg import Connection

PATIENCE = 1.0
"""Seconds that a question waits before the server is asked whether it lives."""
PROBE_SECONDS = 2
"""How long the server may take to say so; libpq takes less for no limit."""
LOOK_AGAIN = 1.0
"""Seconds between two looks at a server that hangs."""

NO_ANSWER = "nothing came back in time"

_LIMIT: ContextVar[float | None] = ContextVar("foresell_database_limit", default=None)

log = logging.getLogger(LOGGER)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What a database server is asked inside is given up after so many seconds, as if it were away (StoreAway).

    For questions that have another answer: what is remembered. A file of SQLite has a limit of its own.
    """
    limit, outer = monotonic() + seconds, _LIMIT.get()
    token = _LIMIT.set(limit if outer is None else min(limit, outer))
    try:
        yield
    finally:
        _LIMIT.reset(token)


class Waits(Protocol):
    """Knows how long an answer is waited for."""

    @property
    def hangs(self) -> bool:
        """Whether nothing is to be asked now."""

    def overdue(self, since: float) -> bool:
        """Whether a question that waits since a moment (of `monotonic`) is to be given up."""


class Pulse:
    """Whether one server answers, for all connections of this process.

    `probe` asks it over a connection of its own: it returns where the server answered, whatever it said, and raises
    TimeoutError where it did not.
    """

    def __init__(self, probe: Callable[[], None], patience: float = PATIENCE, look_again: float = LOOK_AGAIN) -> None:
        self._probe, self._patience, self._look_again = probe, patience, look_again
        self._asking, self._changing = Lock(), Lock()
        self._answered_at = float("-inf")
        self._hangs = False
        self._watched: Event | None = None
        """Ends the thread that looks; None where there is none."""

    @property
    def hangs(self) -> bool:
        """Whether it was found to hang and has not answered since."""
        return self._hangs

    def overdue(self, since: float) -> bool:
        """Whether a question that waits since a moment (of `monotonic`) is to be given up."""
        if self._hangs:
            return True
        now, limit = monotonic(), _LIMIT.get()
        if limit is not None and now > limit:
            # Who asked has another answer; whether the server hangs is found out for those who have not.
            self._watch()
            return True
        waits = now - since
        # The longer it takes, the rarer the server is asked: a long question is no reason for a connection each second.
        if waits < self._patience or now - self._answered_at < max(self._patience, waits / 2):
            return False
        return not self._answers(now)

    def no_connection(self) -> None:
        """A new connection was waited for in vain: that is a probe too."""
        self._watch(hung=True)

    def close(self) -> None:
        """Look no more, and take it that the server answers."""
        with self._changing:
            if self._watched is not None:
                self._watched.set()
            self._watched, self._hangs = None, False

    def _answers(self, asked_at: float) -> bool:
        """Ask the server; those who ask meanwhile share what is found."""
        with self._asking:
            if not self._hangs and self._answered_at < asked_at and not self._lives():
                self._watch(hung=True)
            return not self._hangs

    def _lives(self) -> bool:
        try:
            self._probe()
        except TimeoutError:
            return False
        self._answered_at = monotonic()
        return True

    def _watch(self, hung: bool = False) -> None:
        """Look in a thread until the server answers."""
        with self._changing:
            self._found(self._hangs or hung)
            if self._watched is None:
                self._watched = Event()
                Thread(target=self._look, args=(self._watched,), name="database-pulse", daemon=True).start()

    def _look(self, ended: Event) -> None:
        while True:
            lives = self._lives()
            with self._changing:
                if ended.is_set():
                    return
                self._found(not lives)
                if lives:
                    self._watched = None
                    return
            ended.wait(self._look_again)

    def _found(self, hangs: bool) -> None:
        if hangs != self._hangs:
            said = "hangs: it is not asked until it answers" if hangs else "answers"
            log.warning(f"the database {said} again")
        self._hangs = hangs


def take_pulse(engine: Engine) -> Pulse:
    """Let the connections of an engine of PostgreSQL wait only for a server that answers, from now on."""
    from psycopg import Error, OperationalError
    from psycopg.errors import ConnectionTimeout

    asked: dict[str, Any] = {}

    def probe() -> None:
        """Raises TimeoutError."""
        try:
            # Not the connection alone: what stands in between (a pool of connections) may take it by itself.
            with _patient(_Limited()).connect(**{**asked, "connect_timeout": PROBE_SECONDS}) as connection:
                connection.execute("SELECT 1")
        except ConnectionTimeout as hung:
            raise TimeoutError from hung
        except (Error, OSError) as failure:
            # It may refuse: who asks will hear that from it.
            if str(failure).startswith(NO_ANSWER):
                raise TimeoutError from failure

    pulse = Pulse(probe)
    kind = _patient(pulse)

    def connect(_: Dialect, __: ConnectionPoolEntry, words: list[Any], named: dict[str, Any]) -> "Connection[Any]":
        asked.update(named)
        if pulse.overdue(monotonic()):
            raise OperationalError(NO_ANSWER)
        try:
            return kind.connect(*words, **named)
        except ConnectionTimeout:
            pulse.no_connection()
            raise

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "engine_disposed", lambda _: pulse.close())
    return pulse


class _Limited:
    """The patience of a probe."""

    hangs = False

    def overdue(self, since: float) -> bool:
        """Whether it took too long."""
        return monotonic() - since > PROBE_SECONDS


def _patient(waits: Waits) -> "type[Connection[Any]]":
    """A connection of psycopg that waits for its server only as long as that is right."""
    from psycopg import Connection, OperationalError

    def watched(work: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The driver's work, which says for what it waits and is told what came: nothing, ten times a second."""
        since = monotonic()
        try:
            wanted = next(work)
            while True:
                came = yield wanted
                if came:
                    since = monotonic()
                elif waits.overdue(since):
                    raise OperationalError(NO_ANSWER)
                wanted = work.send(came)
        except StopIteration as end:
            return end.value

    class Patient(Connection[Any]):
        """Gives up what a hung server does not answer, and is broken then."""

        @classmethod
        def _connect_gen(cls, *args: Any, **named: Any) -> Generator[Any, Any, Any]:
            return watched(super()._connect_gen(*args, **named))

        def wait(self, gen: Generator[Any, Any, Any], *args: Any, **named: Any) -> Any:
            """As the driver's, but not for ever. Raises OperationalError."""
            if waits.hangs:
                self.pgconn.finish()
                raise OperationalError(NO_ANSWER)
            try:
                return super().wait(watched(gen), *args, **named)
            except OperationalError as failure:
                if str(failure) == NO_ANSWER:
                    # Nothing more is asked on it: its rollback would wait too.
                    self.pgconn.finish()
                raise

    return Patient
