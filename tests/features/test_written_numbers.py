import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.written_numbers import UnclearNumber, read_number_style


def plain(example, value):
    style = read_number_style("numbers.amount", example)
    return duckdb.execute(f"SELECT {style.sql_plain('x')} FROM (SELECT ? AS x)", [value]).fetchone()[0]


@pytest.mark.parametrize(
    ("example", "value", "expected"),
    [
        ("$1,234.56", "$1,234,567.8", "1234567.8"),
        ("$1,234.56", "-$5", "-5"),
        ("$1,234.56", "$-5", "-5"),
        ("$1,234.56", "($1,000)", "-1000"),
        ("$1,234.56", "1234", "1234"),
        ("$1,234.56", "12,34", None),
        ("$1,234.56", "€5", None),
        ("1.234,56 €", "1.234.567,5 €", "1234567.5"),
        ("1.234,56 €", "1.5", None),
        ("1 234,5", "1\u00a0234,5", "1234.5"),
        ("1'234.50", "1'234.50", "1234.50"),
        ("¥1234.5", "¥10", "10"),
        ("Rs. 1,234.56", "Rs. 12.50", "12.50"),
        ("12.5%", "50%", "50"),
    ],
)
def test_a_number_is_read_as_the_example_is_written(example, value, expected):
    assert plain(example, value) == expected


@pytest.mark.parametrize("example", ["1,234", "1.234", "about", "", "1.2.3,4,5", "5 for 10"])
def test_an_example_that_does_not_tell_is_refused(example):
    with pytest.raises(UnclearNumber):
        read_number_style("numbers.amount", example)


@given(st.decimals(-(10**9), 10**9, places=2))
def test_written_and_read_again_is_the_same(number):
    assert float(plain("$1,234.56", f"${number:,.2f}")) == float(number)
