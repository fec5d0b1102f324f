"""The example of the getting-started pages, in both languages, is imported as it stands."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from features.history import History
from features.importing import import_folder

ROOT = Path(__file__).resolve().parents[2]
CHANGES = {
    "getting-started.md": "Id,Field,When,New\n1002,Stage,2026-01-20,Offer\n1002,Value,2026-01-21,75000\n",
    "getting-started.zh-CN.md": "编号,字段,时间,新值\n1002,阶段,2026-01-20,报价\n1002,金额,2026-01-21,75000\n",
}


@pytest.mark.parametrize("page", CHANGES)
def test_the_example_can_be_imported(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "deals.csv").write_text(_block(text, "csv"), "utf-8")
    (exports / "changes.csv").write_text(CHANGES[page], "utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(_block(text, "yaml"), "utf-8")

    report = import_folder(exports, tmp_path / "home", mapping, datetime(2026, 3, 1))

    assert {table.table: (table.new, table.rejected) for table in report.tables} == {
        "deals": (2, 0),
        "deal_changes": (2, 0),
    }
    history = History.existing(tmp_path / "home")
    with history.connect() as con:
        deals = con.execute(f"SELECT status, amount FROM ({history.sql_latest('deals')}) ORDER BY deal_id").fetchall()
    assert [(status, float(amount)) for status, amount in deals] == [("won", 120000), ("open", 80000)]


def _block(text: str, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]
