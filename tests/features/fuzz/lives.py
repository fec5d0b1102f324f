"""A home's life: several deliveries in a row, each as good or as bad as an export can be."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from tests.features.fuzz.odd_files import Sheet, corrected, files, one_in, sheets
from tests.features.fuzz.odd_mappings import mappings

FIRST_TAKEN = datetime(2024, 6, 1)
AS_OF = [
    "2024-06-01", "2024-06-01T10:00:00+08:00", "0001-01-01", "9999-12-31", "tomorrow", "", "2024-13-01",
    "2024-06-01 25:00",
]  # fmt: skip


@dataclass(frozen=True)
class Delivered:
    """One import: the files of the folder, the mapping, when it was taken, and by which door it comes in.

    `arguments` are those of the command line, None where the function is called. `again` says that the same
    was delivered just before.
    """

    files: tuple[tuple[str, bytes], ...]
    mapping: bytes | None
    taken_at: datetime
    arguments: tuple[str, ...] | None = None
    again: bool = False


@st.composite
def lives(draw: st.DrawFn, longest: int = 7) -> list[Delivered]:
    """One to `longest` deliveries to one home."""
    told: list[Delivered] = []
    known: list[Sheet] = []
    taken = FIRST_TAKEN
    for _ in range(draw(st.integers(1, longest))):
        taken += timedelta(days=draw(st.sampled_from([0, 1, 1, 30, -400])))
        if told and told[-1].arguments is None and one_in(draw, 4):
            told.append(replace(told[-1], taken_at=max(taken, told[-1].taken_at), again=True))
            continue
        chosen = [draw(corrected(sheet)) if one_in(draw, 2) else draw(sheets()) for sheet in known[-2:]]
        if len(chosen) < 1 or one_in(draw, 3):
            chosen.append(draw(sheets()))
        chosen = chosen[-2:]
        known += chosen
        written = [draw(files(sheet)) for sheet in chosen]
        named = [(sheet, file) for sheet, (file, _) in zip(chosen, written, strict=True)]
        mapping = draw(mappings(named)) if one_in(draw, 2) else None
        told.append(Delivered(tuple(written), mapping, taken, _arguments(draw, mapping)))
    return told


def _arguments(draw: st.DrawFn, mapping: bytes | None) -> tuple[str, ...] | None:
    """A command line, with `{home}`, `{folder}` and `{mapping}` to be filled in; or none, which is most often."""
    if not one_in(draw, 5):
        return None
    line = ["--home", "{home}", "import", "{folder}"]
    if mapping is not None:
        line += ["--mapping", "{mapping}"]
    if one_in(draw, 2):
        line += ["--as-of", draw(st.sampled_from(AS_OF))]
    if one_in(draw, 2):
        line.append("--json")
    if one_in(draw, 5):
        odd = st.sampled_from(
            [
                "--nonsense",
                "",
                "{folder}/nowhere",
                "-",
                "--mapping",
                "--home",
                "\u00e9",
                "--help",
                "{folder}",
                "=",
                "--",
            ]
        )
        line.insert(draw(st.integers(0, len(line))), draw(odd))
    if one_in(draw, 8):
        line.pop(draw(st.integers(0, len(line) - 1)))
    return tuple(line)
