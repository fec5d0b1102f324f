"""Which database does a command work on? The one that the settings of its home name, open as long as it takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from features.doors import home_of

if TYPE_CHECKING:
    from serving.store.opening import Store


@contextmanager
def store_of(context: typer.Context) -> "Iterator[Store]":
    """The store of a command's home, closed afterwards. Raises what `open_store` raises."""
    from serving.settings import read_settings
    from serving.store.opening import open_store

    store = open_store(read_settings(home=home_of(context)).store_address)
    try:
        yield store
    finally:
        store.close()
