"""Which faults are inflicted, how, and how is each healed? One small object each, in the order in which they come."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fault_trials import hostile
from benchmarks.fault_trials.databases import Database
from benchmarks.fault_trials.disks import Disk
from benchmarks.fault_trials.served import Service


@dataclass
class Ward:
    """What can be hurt. `disk` is None where there can be none of one's own, and `no_disk` says why."""

    service: Service
    database: Database
    key: str
    disk: Disk | None
    no_disk: str | None
    seconds: float
    noted: Counter[str] = field(default_factory=Counter)

    @property
    def home(self) -> Path:
        """The service's home."""
        return self.service.home


@dataclass(frozen=True)
class Fault:
    """`hurt` inflicts it, `heal` takes it away; between, callers go on for some seconds (`lasts` times the usual)."""

    name: str
    done: str
    hurt: Callable[[Ward], None]
    heal: Callable[[Ward], None]
    lasts: float = 1.0
    why_not: Callable[[Ward], str | None] = lambda ward: None
    answers: frozenset[str] = frozenset()
    """Kinds of questions that must be answered all through it."""
    ends_threads: bool = False
    """Whether it is looked at that no more threads live afterwards than before."""


SCORES = frozenset({"score by id", "score by features", "what-if"})
FEATURES = frozenset({"score by features"})
ALL = SCORES | {"events", "new key"}


def faults(database: Database) -> tuple[Fault, ...]:
    """All of them; the database's own depends on its kind."""
    return (
        Fault("kill -9 of a worker", "SIGKILL to one of two workers", _kill_worker, _nothing),
        Fault("power cut", "SIGKILL to every process of the service at once; started again", _cut, _start),
        Fault(database.fault, database.done, lambda w: w.database.take_away(), _database_back, answers=SCORES),
        Fault(
            "database hangs",
            "SIGSTOP to every process of the database, SIGCONT after 4/3 of the usual time",
            lambda ward: ward.database.hang(),
            lambda ward: ward.database.go_on(),
            4 / 3,
            lambda ward: ward.database.no_hang,
            SCORES,
            ends_threads=True,
        ),
        Fault("full disk", "the file system of home and database filled to the last byte", _fill, _empty, 1.5, _disk),
        Fault(
            "read-only disk",
            "the kernel finds the file system damaged and refuses all writes; checked, mounted, started again",
            _turn_read_only,
            _mend,
            1.0,
            _disk,
        ),
        Fault(
            "corrupt bundles",
            "promoted: cut off, a bit turned, empty, absent, pointer damaged",
            _corrupt,
            _restore,
            1.0,
            answers=ALL,
        ),
        Fault(
            "start with a corrupt bundle",
            "the live bundle cut off in the middle, then every process killed and started again; one was live before",
            _start_corrupt,
            _restore_live,
            2.0,
        ),
        Fault(
            "torn history",
            "a new entry of the history's log that is cut off in the middle",
            _tear,
            _untear,
            answers=SCORES,
        ),
        Fault("registry away", "MLflow's database and files gone; a worker killed meanwhile", _no_mlflow, _mlflow),
        Fault(
            "slow clients",
            "300 connections that send a byte a second, of head or body",
            _slow,
            _nothing,
            0,
            answers=ALL,
        ),
        Fault("10 MB bodies", "8 at once without pause: correct, faulty, too many deals, 17 MB", _large, _nothing, 0),
        Fault(
            "JSON bombs", "depth, digits, 200,000 names, NaN, bad text; 4 at once without pause", _bombs, _nothing, 0
        ),
    )


def _nothing(ward: Ward) -> None:
    """There is nothing to take away."""


def _disk(ward: Ward) -> str | None:
    return ward.no_disk


def _kill_worker(ward: Ward) -> None:
    ward.service.kill_worker()


def _cut(ward: Ward) -> None:
    ward.service.kill_all()


def _start(ward: Ward) -> None:
    if ward.service.ended() is not None:
        ward.service.start()
        ward.noted["service started anew"] += 1


def _database_back(ward: Ward) -> None:
    ward.database.bring_back()


def _fill(ward: Ward) -> None:
    assert ward.disk is not None
    ward.disk.fill()


def _empty(ward: Ward) -> None:
    assert ward.disk is not None
    ward.disk.empty()
    ward.database.bring_back()
    _start(ward)


def _turn_read_only(ward: Ward) -> None:
    assert ward.disk is not None
    ward.disk.turn_read_only()


def _mend(ward: Ward) -> None:
    assert ward.disk is not None
    ward.service.kill_all()
    ward.database.end_at_once()
    ward.disk.mend()
    ward.database.bring_back()
    _start(ward)


def _pointer(ward: Ward) -> Path:
    return ward.home / "champions" / "win.json"


def _corrupt(ward: Ward) -> None:
    """Promote what no one should, one after the other, the way promotion does: the pointer at once."""
    pointer = _pointer(ward)
    good = pointer.read_text()
    shutil.copy(pointer, pointer.with_suffix(".kept"))
    told = json.loads(good)
    folder = ward.home / "champions" / told["folder"]
    whole = (folder / "bundle.json").read_bytes()
    turned = bytearray(whole)
    place = next(n for n in range(len(whole) // 2, len(whole)) if whole[n : n + 1].isdigit())
    turned[place] ^= 1
    for number, content in enumerate((whole[: len(whole) // 2], bytes(turned), b"", None)):
        broken = folder.with_name(f"broken-{number}")
        shutil.copytree(folder, broken)
        if content is None:
            shutil.rmtree(broken)
        else:
            (broken / "bundle.json").write_bytes(content)
        _promote(pointer, json.dumps({**told, "version": f"9{number}", "folder": f"win/broken-{number}"}))
        time.sleep(ward.seconds / 5)
    _promote(pointer, good[: len(good) // 2])


def _restore(ward: Ward) -> None:
    pointer = _pointer(ward)
    pointer.with_suffix(".kept").replace(pointer)
    for broken in (ward.home / "champions" / "win").glob("broken-*"):
        shutil.rmtree(broken)


def _start_corrupt(ward: Ward) -> None:
    """Leave word of a version that was live before, as the registry does, damage the live one, and start."""
    ward.service.kill_all()
    champions = ward.home / "champions"
    told = json.loads(_pointer(ward).read_text())
    live = champions / told["folder"]
    run = live.name.partition("-")[2]
    before = live.with_name(f"0-{run}")
    shutil.copytree(live, before)
    (before / "version").write_text("0")
    moves = [{"version": one, "at": told["promoted_at"], "move": "live"} for one in ("0", told["version"])]
    versions = [{"version": one, "run_id": run} for one in ("0", told["version"])]
    card = champions / "win.versions.json"
    if card.exists():
        shutil.copy(card, card.with_suffix(".kept"))
    card.write_text(json.dumps({"format": 1, "model": "win", "versions": versions, "log": moves}))
    whole = (live / "bundle.json").read_bytes()
    (live / "bundle.kept").write_bytes(whole)
    (live / "bundle.json").write_bytes(whole[: len(whole) // 2])
    ward.service.start()


def _restore_live(ward: Ward) -> None:
    champions = ward.home / "champions"
    told = _pointer(ward).read_text()
    live = champions / json.loads(told)["folder"]
    (live / "bundle.kept").replace(live / "bundle.json")
    shutil.rmtree(live.with_name(f"0-{live.name.partition('-')[2]}"))
    card = champions / "win.versions.json"
    kept = card.with_suffix(".kept")
    if kept.exists():
        kept.replace(card)
    else:
        card.unlink()
    _promote(_pointer(ward), told)


def _promote(pointer: Path, content: str) -> None:
    draft = pointer.with_suffix(".draft")
    draft.write_text(content)
    draft.replace(pointer)


def _tear(ward: Ward) -> None:
    newest = max((ward.home / "history" / "log").glob("*.json"))
    torn = newest.with_name(f"{int(newest.stem) + 1:0{len(newest.stem)}d}.json")
    torn.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    (ward.home / "torn").write_text(torn.name)


def _untear(ward: Ward) -> None:
    (ward.home / "history" / "log" / (ward.home / "torn").read_text()).unlink()


def _no_mlflow(ward: Ward) -> None:
    for name in ("mlflow.db", "mlruns"):
        (ward.home / name).rename(ward.home / f"{name}-away")
    ward.service.kill_worker()


def _mlflow(ward: Ward) -> None:
    for name in ("mlflow.db", "mlruns"):
        made = ward.home / name
        if made.is_dir():
            shutil.rmtree(made)
        (ward.home / f"{name}-away").rename(made)


def _slow(ward: Ward) -> None:
    ward.noted += hostile.slow(ward.service.port, ward.key, 2 * ward.seconds + 10)


def _large(ward: Ward) -> None:
    ward.noted += hostile.large(ward.service.port, ward.key, ward.seconds)


def _bombs(ward: Ward) -> None:
    ward.noted += hostile.bombs(ward.service.port, ward.key, ward.seconds)
