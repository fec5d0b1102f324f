"""How is a name or a text written into SQL so that it can be nothing else?"""


def text(value: str) -> str:
    """A text as an SQL literal.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A column or table name as a quoted SQL identifier.

    >>> name('Deal "A" won')
    '"Deal ""A"" won"'
    """
    return '"' + value.replace('"', '""') + '"'


def texts(values: tuple[str, ...] | list[str]) -> str:
    """A list of texts as an SQL list.

    >>> texts(["a", "b"])
    "['a', 'b']"
    """
    return "[" + ", ".join(text(value) for value in values) + "]"
