"""From file to file: formats, types, moments, and what is said when a table cannot be scored."""

import csv
import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from features.open_deals import open_deals
from features.output import NotWritable, write_table
from training.predict import ModelKnowsTheFuture, predict_win
from training.table_scoring import reading, writing
from training.table_scoring.errors import CannotRead, NoFeatures, NoMoment, NoRowNames, WrongType
from training.table_scoring.reading import FeatureTable
from training.table_scoring.streaming import Asked, score_file


@pytest.fixture
def table(features):
    return pq.read_table(features())


@pytest.fixture
def score(steady, tmp_path):
    """Scores a table, as it is or in a file, by the steady bundle; the answers as a table."""

    def run(source, asked=None, bundle=steady, history=None, ending=".parquet", jobs=1):
        if not hasattr(source, "suffix"):
            pq.write_table(source, tmp_path / "source.parquet")
            source = tmp_path / "source.parquet"
        opened = FeatureTable.open(source, "deal", bundle.features, ("win", "7"))
        out = tmp_path / f"scores{ending}"
        count, _ = score_file(opened, bundle, history, asked or Asked([30.0]), out, jobs)
        assert not list(out.parent.glob(".scores.part*"))
        if ending != ".parquet":
            return out.read_bytes()
        found = pq.read_table(out)
        assert found.num_rows == count
        return found

    return run


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_other_formats_are_written_as_tables_are(score, table, ending, tmp_path):
    found = score(table, Asked([30.0], 2), ending=ending)
    write_table(score(table, Asked([30.0], 2)), tmp_path / f"whole{ending}")

    assert found == (tmp_path / f"whole{ending}").read_bytes()


def test_rows_in_many_pieces_are_the_same_rows(score, table, monkeypatch):
    whole = score(table)
    monkeypatch.setattr(reading, "ROWS", 7)
    monkeypatch.setattr(writing, "ROWS_OF_GROUP", 20)

    pieces = score(table, jobs=3)

    assert pieces.equals(whole)
    assert table.num_rows > 40


def test_csv_gives_the_same_answers(score, table, features):
    assert score(features(".csv")).equals(score(table))


def test_without_rows_there_are_columns(score, table, tmp_path):
    nobody = score(table.slice(0, 0))

    assert nobody.num_rows == 0
    assert nobody.schema.equals(score(table).schema)
    assert json.loads(score(table.slice(0, 0), ending=".json")) == []
    assert score(table.slice(0, 0), ending=".csv").decode().strip().split(",") == nobody.column_names
    header = tmp_path / "header.csv"
    header.write_text(",".join(table.column_names) + "\n", "utf-8")
    assert score(header).equals(nobody)


def test_reasons_are_left_out_unless_asked_for(score, table):
    assert "reasons" not in score(table).column_names
    assert all(len(json.loads(each)) <= 4 for each in score(table, Asked([30.0], 3))["reasons"].to_pylist())


def test_each_moment_of_a_table_is_answered_with_what_was_known_then(score, company, following, as_of, tmp_path):
    """The level follows outcomes: an earlier moment has an earlier level."""
    from features.feature_building import build

    earlier = as_of - timedelta(days=60)
    build(company.history, "deal", [earlier, as_of], tmp_path / "both.parquet")
    found = score(tmp_path / "both.parquet", bundle=following, history=company.history)

    apart = [predict_win(company.history, following, each, [30.0]) for each in (earlier, as_of)]
    assert found.equals(pa.concat_tables(apart).drop_columns("reasons"))


def test_a_moment_may_be_given_for_all_rows(score, table, as_of):
    later = as_of + timedelta(days=100)
    found = score(table.drop_columns("as_of"), Asked([30.0], as_of=later))

    wrong = table.set_column(1, "as_of", pa.nulls(len(table), pa.timestamp("us")))
    assert score(wrong, Asked([30.0], as_of=later)).equals(found)

    assert found["as_of"][0].as_py().startswith(later.date().isoformat())
    closes = zip(found["expected_close_on"].to_pylist(), score(table)["expected_close_on"].to_pylist(), strict=True)
    assert {(each - before).days for each, before in closes} <= {99, 100, 101}


def test_without_any_moment_it_is_the_end_of_the_training(score, table, steady):
    found = score(table.drop_columns("as_of"))

    assert found["as_of"][0].as_py() == f"{steady.until.isoformat()}+00:00"


def test_a_moment_before_the_model_learned_is_refused(score, table, steady):
    early = pa.array([steady.until - timedelta(days=1)] * len(table), pa.timestamp("us"))

    with pytest.raises(ModelKnowsTheFuture):
        score(table.set_column(1, "as_of", early))


def test_missing_features_count_as_missing_values(score, table, steady, tmp_path):
    names = [name for name in table.column_names if name not in ("deal_activities", "deal_stage")]
    nulls = table
    for name in ("deal_activities", "deal_stage"):
        place = table.schema.get_field_index(name)
        nulls = nulls.set_column(place, name, pa.nulls(len(table), table.schema.field(name).type))

    assert score(table.select(names)).equals(score(nulls))
    assert not score(table.select(names)).equals(score(table))
    pq.write_table(table.select(names), tmp_path / "fewer.parquet")
    opened = FeatureTable.open(tmp_path / "fewer.parquet", "deal", steady.features, ("win", "7"))
    assert "deal_stage" in opened.missing


def test_numbers_and_texts_of_any_width_are_read(score, table):
    age, stage = table["deal_age_days"].to_numpy(), table["deal_stage"]
    whole = table.set_column(table.schema.get_field_index("deal_age_days"), "deal_age_days", pa.array(np.rint(age)))
    other = whole.set_column(
        whole.schema.get_field_index("deal_age_days"), "deal_age_days", pa.array(np.rint(age).astype(np.int32))
    )
    other = other.set_column(other.schema.get_field_index("deal_stage"), "deal_stage", stage.dictionary_encode())
    other = other.set_column(1, "as_of", table["as_of"].cast(pa.timestamp("ns", "Asia/Shanghai")))

    assert score(other).equals(score(whole))


def test_ids_may_be_numbers_and_their_column_may_be_called_id(score, table):
    numbered = table.set_column(0, "id", pa.array(range(len(table)), pa.int64()))

    assert score(numbered)["deal_id"].to_pylist() == [str(each) for each in range(len(table))]


def test_a_number_told_as_text_is_a_named_error(score, table):
    wrong = pa.array(["soon"] * len(table))
    place = table.schema.get_field_index("deal_age_days")

    with pytest.raises(WrongType, match="Column deal_age_days holds texts; the feature of that name holds numbers"):
        score(table.set_column(place, "deal_age_days", wrong))
    place = table.schema.get_field_index("deal_stage")
    with pytest.raises(WrongType, match="Column deal_stage holds values of type int64"):
        score(table.set_column(place, "deal_stage", pa.array(range(len(table)))))


def test_a_text_among_numbers_of_a_csv_is_a_named_error(score, features, tmp_path):
    rows = list(csv.reader(features(".csv").read_text("utf-8").splitlines()))
    rows[5][rows[0].index("deal_age_days")] = "soon"
    with (tmp_path / "wrong.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)

    with pytest.raises(WrongType, match=r"Column deal_age_days holds a text .*soon"):
        score(tmp_path / "wrong.csv")
    assert not list(tmp_path.glob("*scores*"))


def test_a_table_of_something_else_is_a_named_error(score, table, tmp_path):
    with pytest.raises(NoRowNames, match="no column deal_id"):
        score(table.drop_columns("deal_id"))
    with pytest.raises(NoFeatures, match="foresell features build deals"):
        score(table.select(["deal_id", "as_of"]))
    with pytest.raises(NoMoment, match="nothing there"):
        score(table.set_column(1, "as_of", pa.nulls(len(table), pa.timestamp("us"))))
    with pytest.raises(NoMoment, match="'some day'"):
        score(table.set_column(1, "as_of", pa.array(["some day"] * len(table))))
    with pytest.raises(NoMoment, match="double"):
        score(table.set_column(1, "as_of", pa.array(np.ones(len(table)))))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b"PAR1 not one"),
        ("a.parquet", b""),
        ("a.csv", b"deal_id,deal_age_days\n\xff\xfe,1\n"),
        ("a.xlsx", b""),
    ],
)
def test_a_file_that_cannot_be_read_is_a_named_error(score, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    with pytest.raises((CannotRead, NoRowNames)):
        score(tmp_path / name)
    with pytest.raises(CannotRead, match="No such file"):
        score(tmp_path / "nowhere.parquet")


def test_a_full_disk_leaves_nothing(score, table, monkeypatch, tmp_path):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    source = _written_before(table, tmp_path)

    with pytest.raises(NotWritable, match="No space left"):
        score(source)
    assert not list(tmp_path.glob("*scores*"))


def _written_before(table, folder):
    with pa.OSFile(str(folder / "given.csv"), "wb") as stream:
        pyarrow.csv.write_csv(table, stream)
    return folder / "given.csv"


def test_a_bundle_that_cannot_tell_a_chance_says_so(score, table, steady, company, as_of):
    unable = replace(steady, estimate=None, meta={"note": "nothing was ever lost"})
    found = score(table, Asked([30.0], 5), bundle=unable, history=company.history)

    assert found.equals(predict_win(company.history, unable, as_of, [30.0]))
    assert len(open_deals(company.history, as_of)) == found.num_rows
