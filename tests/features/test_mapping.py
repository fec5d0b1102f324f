import pickle

import pytest

from features.contracts import Known
from features.expressions import BadExpression
from features.mapping import (
    Attribute,
    ClashingNames,
    ImportMapping,
    MappingNotFound,
    UnknownWord,
    WrongShape,
    read_mapping,
)
from features.mapping_words import UnknownCurrency, UnknownTimeZone
from features.written_numbers import UnclearNumber


def read(tmp_path, yaml) -> ImportMapping:
    path = tmp_path / "m.yaml"
    path.write_text(yaml, "utf-8")
    return read_mapping(path)


def test_every_key_is_read(tmp_path):
    mapping = read(
        tmp_path,
        """
        timezone: Asia/Shanghai
        currency: CNY
        tables:
          deals:
            file: [a.csv, b-*.csv]
            sheet: Deals
            encoding: GBK
            columns: {deal_id: Id, amount: Close Value}
            values: {status: {Won: won, No: lost, Select: null}}
            known: {amount: at_close}
            attributes: {Region: at_creation, rival: {column: Competitor, known: current}, Phone: null, made: tracked}
            dates: {created_at: "%m/%d/%Y"}
            numbers: {amount: "$1,234.56"}
            where: Kind = 'deal'
            compute: {pipeline: "'main'", made: upper(x)}
          customers:
        """,
    )
    deals, customers = mapping.sources
    assert (mapping.timezone, mapping.currency, customers.table, customers.files) == (
        "Asia/Shanghai",
        "CNY",
        "customers",
        (),
    )
    assert deals.files == ("a.csv", "b-*.csv")
    assert (deals.sheet, deals.encoding) == ("Deals", "gbk")
    assert deals.columns == {"deal_id": "Id", "amount": "Close Value"}
    assert deals.values == {"status": {"Won": "won", "No": "lost", "Select": None}}
    assert deals.known == {"amount": Known.AT_CLOSE}
    assert deals.attributes == {
        "Region": Attribute("Region", Known.AT_CREATION),
        "rival": Attribute("Competitor", Known.CURRENT),
        "Phone": None,
        "made": Attribute(None, Known.TRACKED),
    }
    assert deals.dates == {"created_at": "%m/%d/%Y"}
    assert deals.numbers["amount"].thousands == ","
    assert deals.where is not None
    assert deals.where.columns == ("Kind",)
    assert set(deals.compute) == {"pipeline", "made"}


def test_a_table_may_have_several_sources(tmp_path):
    mapping = read(tmp_path, "tables: {quotas: [{file: a.csv}, {file: b.csv}]}")
    assert [source.files for source in mapping.sources] == [("a.csv",), ("b.csv",)]


@pytest.mark.parametrize(
    ("yaml", "error", "message"),
    [
        ("timezon: UTC", UnknownWord, "'timezon' is not a key of a mapping.*\n.*Did you mean 'timezone'"),
        ("timezone: Asia/Shangai", UnknownTimeZone, "Asia/Shangai(.|\n)*Did you mean Asia/Shanghai"),
        ("currency: Yuan", UnknownCurrency, "Yuan"),
        ("tables: {deal: {}}", UnknownWord, "'deal' is not a table.*\n.*Did you mean 'deals'"),
        ("tables: {deals: {colums: {}}}", UnknownWord, "tables.deals: 'colums'(.|\n)*'columns'"),
        ("tables: {deals: {columns: {ammount: x}}}", UnknownWord, "'ammount'(.|\n)*'amount'"),
        ("tables: {deals: {values: {stattus: {}}}}", UnknownWord, "'stattus'(.|\n)*'status'"),
        ("tables: {deals: {known: {amount: at_closing}}}", UnknownWord, "at_closing(.|\n)*'at_close'"),
        ("tables: {deals: {attributes: {x: at_creatoin}}}", UnknownWord, "at_creatoin(.|\n)*'at_creation'"),
        ("tables: {deals: {attributes: {amount: current}}}", ClashingNames, "'amount' is a column of deals"),
        ("tables: {deals: {columns: {amount: a}, compute: {amount: a}}}", ClashingNames, "amount"),
        ("tables: {deals: {dates: {amount: '%Y'}}}", UnknownWord, "'amount' is not a column .* that holds a date"),
        ("tables: {deals: {dates: {created_at: '%Q'}}}", WrongShape, "%Q"),
        ("tables: {deals: {dates: {created_at: mdy}}}", WrongShape, "mdy"),
        ("tables: {deals: {numbers: {status: '1.5'}}}", UnknownWord, "'status' is not a .* that holds a number"),
        ("tables: {deals: {numbers: {amount: '1,234'}}}", UnclearNumber, "thousands or decimals"),
        ("tables: {deals: {encoding: utf-9}}", UnknownWord, "utf-9(.|\n)*'utf-8'"),
        ("tables: {deals: {where: 'a ='}}", BadExpression, "tables.deals.where"),
        ("tables: {deals: {compute: {amuont: 'a'}}}", UnknownWord, "'amuont'(.|\n)*'amount'"),
        ("tables: {deals: {compute: {amount: }}}", WrongShape, "empty"),
        ("tables: {deals: {columns: [a]}}", WrongShape, "a list; it should be a mapping"),
        ("tables: {deals: {columns: {amount: {a: b}}}}", WrongShape, "a mapping; it should be one text"),
        ("just words", WrongShape, "the mapping"),
    ],
)  # fmt: skip
def test_every_typo_is_named_with_the_way_out(tmp_path, yaml, error, message):
    with pytest.raises(error, match=message) as raised:
        read(tmp_path, yaml)
    assert "To fix: " in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_a_missing_mapping_is_named(tmp_path):
    with pytest.raises(MappingNotFound, match=r"nowhere\.yaml"):
        read_mapping(tmp_path / "nowhere.yaml")
