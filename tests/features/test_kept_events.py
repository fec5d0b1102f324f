"""Events laid out in blocks are the events that were read, whoever has few or very many of them."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.kept_arrays import Fleeting, Group, Kept, find_or_make
from features.kept_events import Blocks, KeptEvents, laid_out
from features.kernel import MISSING
from features.live_arrays import Loaded
from features.live_segment import FEW, Shape
from features.names import Names
from features.runs import Run

KEYS = 12
MANY = FEW + 50


def shape(stream: str) -> Shape:
    return Shape(stream, ("amount", "kind", "wide"), (), {"kind": Names(["a", "b"])}, ZoneInfo("UTC"))


def read(stream: str, seed: int, *, late: bool = False, replaced: bool = False) -> Loaded:
    """Events of some of the keys, one key with very many."""
    chance = np.random.default_rng(seed)
    counts = chance.integers(1, 9, 7)
    counts[3] = MANY
    codes = chance.permutation(KEYS)[:7]
    starts = np.concatenate([[0], np.cumsum(counts)])
    rows = int(starts[-1])
    known = np.concatenate([np.sort(chance.integers(0, 10**15, number)) for number in counts])
    happened = known - chance.integers(0, 10**12, rows) if late else known
    retired = np.where(chance.random(rows) < 0.1, known + 5, MISSING) if replaced else None
    small = chance.integers(-100, 100, rows).astype(np.int16)
    small[::5] = np.iinfo(np.int16).min
    columns = {
        "amount": small,
        "kind": chance.integers(-1, 2, rows).astype(np.int8),
        "wide": np.where(chance.random(rows) < 0.2, MISSING, chance.integers(0, 2**60, rows)),
    }
    segments = np.full(KEYS, -1, np.int32)
    segments[codes] = np.arange(7)
    return Loaded(known, happened, retired, columns, starts, segments, shape(stream))


def told(run: object) -> object:
    if run is None:
        return None
    names = ("amount", "kind", "wide")
    if isinstance(run, Run):
        return run.known, run.happened, run.retired, {name: run.columns[name] for name in names}
    return (
        run.known.tolist(),
        run.happened.tolist(),
        run.retired,
        {name: run.columns[name].tolist() for name in names},
        run.order(None).place(int(run.happened[len(run) // 2])),
    )


@pytest.fixture(params=[False, True], ids=["made", "kept"])
def group(request, tmp_path):
    """The streams of one kind of key, as they were made and as they lie in a file."""
    streams = {
        "plain": read("plain", 1),
        "late": read("late", 2, late=True),
        "replaced": read("replaced", 3, replaced=True),
    }
    made = laid_out(streams, KEYS)
    if not request.param:
        return streams, Fleeting().group("events", lambda: made)
    kept: Kept = find_or_make(tmp_path, "mark", lambda making: making.put("events", made))
    return streams, kept.find("events")


def test_every_key_has_the_events_that_were_read(group):
    streams, kept = group
    blocks = Blocks(kept)
    for stream, loaded in streams.items():
        held = KeptEvents(kept, blocks, stream, loaded.shape)
        for code in range(-3, KEYS + 2):
            assert told(held.base(code)) == told(loaded.base(code)), (stream, code)
            assert held.has(code) == loaded.has(code)


def test_a_key_that_came_later_has_none(group):
    _, kept = group
    assert Blocks(kept).block(KEYS + 5) is None


def test_nothing_read_is_nothing_kept():
    kept: Group = laid_out({}, 0)
    assert Blocks(kept).block(0) is None
