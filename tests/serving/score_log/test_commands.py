import json
from datetime import datetime

import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serving.cli import app
from serving.score_log.parts import COLUMNS, write_part

OCTOBER = datetime(2026, 10, 1)


@pytest.fixture
def run(story):
    """Runs a command on a home where one deal was scored twice and won."""
    story.deal("W", created_at="2026-09-01").closes("won", on="2026-10-10", recorded="2026-10-10")
    assert story.history.tables()
    filled = {
        "scored_at": OCTOBER,
        "as_of": OCTOBER,
        "model": "win",
        "version": "7",
        "role": "champion",
        "form": "known",
        "subject": "W",
        "request_id": "r",
        "place": 0,
        "probability": 0.8,
        "horizons": [30.0],
        "chances": [0.6],
    }
    columns = {name: [filled.get(name)] for name in COLUMNS}
    for name in ("one", "the same again"):
        write_part(story.home, name, OCTOBER, columns)

    def running(*words):
        return CliRunner().invoke(app, ["--home", str(story.home), "served", *words])

    return running


def test_each_score_is_exported_once(run, tmp_path):
    said = run("export", "--out", str(tmp_path / "out.parquet"))

    assert said.exit_code == 0, said.output
    assert said.output.startswith("1 rows written")
    assert pq.read_table(tmp_path / "out.parquet")["chances"].to_pylist() == [[0.6]]
    assert run("export", "--out", str(tmp_path / "out.csv"), "--since", "2026-10-02").output.startswith("0 rows")
    run("export", "--out", str(tmp_path / "out.csv"))
    assert pc.read_csv(tmp_path / "out.csv")["chances"].to_pylist() == ["[0.6]"]


def test_an_ending_that_says_no_form_is_refused(run, tmp_path):
    assert "parquet or .csv" in str(run("export", "--out", str(tmp_path / "out.xlsx")).exception)


def test_what_came_of_scores_is_told_and_written(run, tmp_path):
    said = run("outcomes", "--as-of", "2026-12-01", "--out", str(tmp_path / "out.json"))

    assert "win 7 champion, within 30 days: 1 scores, said 60.0%, came 100.0%" in said.output
    assert [one["horizon"] for one in json.loads((tmp_path / "out.json").read_text())] == ["ever", "30"]
    assert "none has an outcome" in run("outcomes", "--as-of", "2026-10-02").output


def test_a_damaged_part_is_named(run, story):
    (story.home / "served" / "parts" / "2026-10-01" / "bad.parquet").write_text("no")

    assert "cannot be read" in str(run("outcomes").exception)
