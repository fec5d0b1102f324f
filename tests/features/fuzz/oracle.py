"""What must hold after any import, however bad? A whole history, counts that add up, no traceback."""

import csv
import hashlib
import json
import os
import re
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from functools import cache
from io import StringIO
from pathlib import Path

import duckdb
import numpy as np

from features.as_of import Moments, micros
from features.catalog import offered
from features.commands import app
from features.contracts import TABLES
from features.doors import run as run_door
from features.doors import set_home
from features.errors import ForesellError
from features.history import History
from features.import_report import ImportReport
from features.importing import import_folder
from features.open_deals import open_deals
from features.streams import open_streams
from features.table import build_table
from tests.features.fuzz.lives import Delivered

LOOKED_AT = datetime(2024, 9, 1)
"""The moment for which features are computed."""
NOT_OURS = ("ImportNotWritten", "DiskFull", "ImportRunning", "HistoryNotWritten", "HistoryDamaged", "HistoryTooNew")
"""Errors that blame the disk or the home. Both are sound here, so the import must have misjudged its input."""
SOME = 6
"""Features computed after a delivery; which ones changes from case to case."""
State = dict[str, tuple[int, int, int]]


class Home:
    """One home through several deliveries. `delivers` raises AssertionError, or whatever escaped from the import.

    `outcomes` counts how the deliveries ended. `deep` says after which of them the features are computed too.
    """

    def __init__(self, folder: Path, deep: Callable[[int], bool] = lambda _: True) -> None:
        self.folder, self.deep = folder, deep
        self.home, self.export, self.mapping = folder / "home", folder / "export", folder / "mapping.yaml"
        self.outcomes: Counter[str] = Counter()
        self.number = 0
        self._sums: dict[str, str] = {}
        self._last: str | None = None

    def delivers(self, told: Delivered) -> str:
        """Import what was told and check everything; returns how it ended."""
        self.number += 1
        self._write(told)
        before = self._state()
        named = {str(file["file"]) for file in _files_of(self.home / "history")}
        record = {file: facts for file, facts in before.items() if file.endswith(".json") or file in named}
        report, ended = self._through_the_door(told) if told.arguments is not None else self._by_call(told)
        self._check_papers()
        after = self._state()
        if ended == "imported":
            assert record.items() <= after.items(), "files of earlier deliveries have changed"
            if report is not None:
                self._check_counts(report)
            if told.again and self._last == "imported":
                assert report is not None
                news = [table for table in report.tables if table.new or table.changed or table.deleted]
                assert not news, f"not the same again: {news}"
                assert sum(file.endswith(".json") for file in after) == sum(file.endswith(".json") for file in record)
                ended = "the same again"
            self._check_history(deep=self.deep(self.number))
        else:
            assert after == before, f"the history changed although the import ended in {ended}"
        self._last = "imported" if ended == "the same again" else ended
        self.outcomes[ended] += 1
        return ended

    def _write(self, told: Delivered) -> None:
        shutil.rmtree(self.export, ignore_errors=True)
        self.export.mkdir(parents=True)
        for name, content in told.files:
            (self.export / name).write_bytes(content)
        if told.mapping is not None:
            self.mapping.write_bytes(told.mapping)

    def _by_call(self, told: Delivered) -> tuple[ImportReport | None, str]:
        try:
            mapping = None if told.mapping is None else self.mapping
            return import_folder(self.export, self.home, mapping, told.taken_at), "imported"
        except ForesellError as error:
            check_words(str(error))
            if type(error).__name__ in NOT_OURS:
                raise
            return None, type(error).__name__

    def _through_the_door(self, told: Delivered) -> tuple[None, str]:
        out, err, status = StringIO(), StringIO(), 0
        places = {"home": self.home, "folder": self.export, "mapping": self.mapping}
        words = [_filled(word, places) for word in told.arguments or ()]
        with _standing_in(self.folder, words), redirect_stdout(out), redirect_stderr(err):
            try:
                app.callback()(set_home)
                run_door(app)
            except SystemExit as ended:
                status = int(ended.code or 0)
        said = err.getvalue()
        assert status in (0, 1, 2), f"exit status {status}"
        assert "Traceback" not in said, said
        if status == 0 and "--json" in words and "--help" not in words:
            json.loads(out.getvalue())
        if status == 1:
            assert said.startswith("Error: "), said
            check_words(said)
            assert "; the history is as it was" not in said, said
        if status == 2:
            assert "Usage: " in said or "Error: " in said, said
        # A command whose every row was rejected ends with 1 and leaves an entry without rows.
        return None, "imported" if status == 0 or "every row was rejected" in said else f"exit status {status}"

    def _check_papers(self) -> None:
        staging = self.home / "staging"
        left = [path.name for path in staging.iterdir() if path.name != ".lock"] if staging.exists() else []
        assert left == [], f"left in the staging folder: {left}"
        for pattern in ("entry-*.tmp", "tables/*/*.tmp"):
            assert not [*(self.home / "history").glob(pattern)]

    def _state(self) -> State:
        """Every file of the history."""
        folder = self.home / "history"
        found = {}
        for path in folder.rglob("*"):
            if path.suffix in (".parquet", ".json"):
                facts = path.stat()
                found[path.relative_to(folder).as_posix()] = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        return found

    def _check_counts(self, report: ImportReport) -> None:
        for table in report.tables:
            counts = (table.new, table.changed, table.same, table.rejected)
            assert min(*counts, table.deleted, table.left_out) >= 0, f"a count below zero: {table}"
            # Rows are deleted by a row of the file, or by being no longer in a complete one.
            assert 0 <= table.read - sum(counts) <= table.deleted, f"counts do not add up: {table}"
        assert json.loads(report.to_json())["tables"] is not None
        assert all(line.isprintable() or line for line in report.lines())
        rejected = sum(table.rejected for table in report.tables)
        assert (report.rejects_file is not None) == bool(rejected)
        for group in report.rejects:
            assert group.reason
            assert group.fix
            assert not re.search(r"\{(nearest|value|\d)\}", group.reason)
        if report.rejects_file is not None:
            csv.field_size_limit(10**9)
            with report.rejects_file.open(encoding="utf-8", newline="") as stream:
                lines = [line for line in csv.reader(stream, strict=True) if line]
            places = {(line[0], line[1], line[6]) for line in lines[1:]}
            assert len(places) == rejected, f"{len(places)} rows in the rejects file, {rejected} in the report"

    def _check_history(self, deep: bool) -> None:
        history = History.open(self.home)
        files = [*_files_of(self.home / "history")]
        for file in files:
            name = str(file["file"])
            path = self.home / "history" / name
            seen = f"{name} {path.stat().st_mtime_ns} {path.stat().st_size}"
            if seen not in self._sums:
                self._sums[seen] = hashlib.sha256(path.read_bytes()).hexdigest()
            assert self._sums[seen] == file["sha256"], f"{name} is not what was sealed"
        with closing(_looking().cursor()) as con:
            for table in history.tables():
                key = ", ".join(TABLES[table].key)
                filled = " OR ".join(f"{column} IS NULL" for column in TABLES[table].key)
                versions, none = con.execute(
                    f"SELECT count(*), count(*) FILTER ({filled}) FROM ({history.sql_versions(table)})"
                ).fetchall()[0]
                told = [file for file in files if Path(str(file["file"])).parent.name == table]
                rows = sum(int(str(file["rows"])) - int(str(file.get("deletions", 0))) for file in told)
                assert (versions, none) == (rows, 0), f"{table}: {versions} versions of {rows} rows, {none} without key"
                twice = f"SELECT count(*) - count(DISTINCT ({key})) FROM ({history.sql_latest(table)})"
                assert con.execute(twice).fetchall() == [(0,)], f"{table}: two latest rows of one key"
        if deep:
            open_streams(history)
            self._check_features(history)

    def _check_features(self, history: History) -> None:
        deals = open_deals(history, LOOKED_AT)
        features = [feature for feature in offered(history).features if feature.entity == "deal"]
        if features and "deals" in history.tables():
            start = self.number * SOME % len(features)
            asked = Moments(np.append(deals.ids, ["d1"]), np.append(deals.at, [micros(LOOKED_AT)]))
            table = build_table(tuple((features * 2)[start : start + SOME])[: len(features)], asked, history)
            assert table.num_rows == len(asked)


@cache
def _looking() -> duckdb.DuckDBPyConnection:
    """Opened once: opening takes as long as half an import."""
    return duckdb.connect(":memory:", config={"threads": 1})


def _files_of(history: Path) -> Iterator[dict[str, object]]:
    """What the log says of each file of the history: its name, rows and checksum."""

    def within(node: object) -> Iterator[dict[str, object]]:
        if isinstance(node, dict):
            if "sha256" in node:
                yield node
            for inner in node.values():
                yield from within(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from within(inner)

    for path in sorted((history / "log").glob("*.json")):
        yield from within(json.loads(path.read_text("utf-8")))


def check_words(said: str) -> None:
    """An error says what is wrong and how to mend it, with no blank left unfilled."""
    problem, mark, fix = said.partition("\nTo fix: ")
    assert mark, f"an error without its way out: {said}"
    assert problem.strip(), said
    assert fix.strip(), said
    assert "Traceback" not in said


def _filled(word: str, places: dict[str, Path]) -> str:
    for name, path in places.items():
        word = word.replace(f"{{{name}}}", str(path))
    return word


@contextmanager
def _standing_in(folder: Path, words: list[str]) -> Iterator[None]:
    """The command line and the working folder of a user, for a while."""
    before, argv, home = Path.cwd(), sys.argv, os.environ.get("FORESELL_HOME")
    os.chdir(folder)
    sys.argv = ["features", *words]
    os.environ["FORESELL_HOME"] = str(folder / "home")
    try:
        yield
    finally:
        os.chdir(before)
        sys.argv = argv
        os.environ.pop("FORESELL_HOME")
        if home is not None:
            os.environ["FORESELL_HOME"] = home


@contextmanager
def loud() -> Iterator[None]:
    """Warnings are errors: a user would see them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
