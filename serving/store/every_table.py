"""Which tables are there at all? Those of every module of this room whose name ends in `_tables`."""

from importlib import import_module
from pkgutil import iter_modules

from sqlalchemy import MetaData

import serving.store
from serving.store.tables import Tables


def every_table() -> MetaData:
    """The tables of this release's layout, as the modules declare them."""
    for module in iter_modules(serving.store.__path__):
        if module.name.endswith("_tables"):
            import_module(f"{serving.store.__name__}.{module.name}")
    return Tables.metadata
