from datetime import datetime

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from simulation.company import CompanySettings
from simulation.novelties import EMPTIED, NEW_VALUES, write_novelties
from simulation.writing import write_company

SINCE = datetime(2025, 3, 1)


@pytest.fixture(scope="module")
def novel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("novel")
    write_company(CompanySettings(deals=1200, days=240), folder)
    before = pq.read_table(folder / "deals.parquet")
    return before, write_novelties(folder, SINCE, 0.1, 7), pq.read_table(folder / "deals.parquet"), folder


def test_only_later_deals_are_changed(novel):
    before, _, after, _ = novel
    early = pc.less(before["created_at"], SINCE)

    assert 100 < pc.sum(early).as_py() < len(before) - 100
    assert after.filter(early) == before.filter(early)
    assert after.schema == before.schema


def test_every_column_gets_what_nobody_had_met(novel):
    before, counts, after, _ = novel
    assert counts.keys() == {*NEW_VALUES, *EMPTIED}
    for column, value in NEW_VALUES.items():
        met = pc.sum(pc.equal(after[column], value)).as_py()
        assert not pc.any(pc.equal(before[column], value)).as_py()
        assert met == counts[column] > 10
    for column in EMPTIED:
        assert after[column].null_count > before[column].null_count


def test_the_same_again_changes_the_same_rows(novel):
    *_, after, folder = novel
    write_novelties(folder, SINCE, 0.1, 7)

    assert pq.read_table(folder / "deals.parquet") == after
