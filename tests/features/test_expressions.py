import pytest

from features.expressions import BadExpression, read_expression


@pytest.mark.parametrize(
    ("sql", "columns", "windowed"),
    [
        ('"A b" + _row', ("A b", "_row"), False),
        ("row_number() OVER (PARTITION BY invoice ORDER BY _row) = 1", ("invoice", "_row"), True),
        ("list_transform([a], lambda word: word || b)[1]", ("a", "b"), False),
        ("a -- the sum", ("a",), False),
        ("'constant'", (), False),
        ("age(a::TIMESTAMP, TIMESTAMP '2024-01-01')", ("a",), False),
    ],
)
def test_the_columns_an_expression_reads(sql, columns, windowed):
    found = read_expression("here", sql)
    assert (found.columns, found.windowed) == (columns, windowed)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("1), (2", "more than one"),
        ("a) FROM (SELECT 1 AS a", "more than one"),
        ("(SELECT 1)", "subquery"),
        ("a; DROP TABLE x", "syntax error"),
        ("a +", "syntax error"),
        ("COLUMNS(*)", "all columns"),
        ("Random() > 0.5", r"random\(\) does not give the same answer"),
        ("a > now()::VARCHAR", r"now\(\) does not give the same answer"),
        ("row_number() OVER (ORDER BY uuid())", r"uuid\(\) does not give the same answer"),
        ("age(a::TIMESTAMP)", "looks at the clock"),
        ("unnest([a, b])", "several rows"),
    ],
)
def test_anything_but_one_expression_is_refused(sql, reason):
    with pytest.raises(BadExpression, match=reason):
        read_expression("tables.deals.where", sql)


def test_a_row_on_which_an_expression_fails_gives_nothing():
    import duckdb

    guarded = read_expression("here", "a::INTEGER").guarded
    assert duckdb.execute(f"SELECT {guarded} FROM (VALUES ('1'), ('x')) t(a)").fetchall() == [(1,), (None,)]
