"""What the tests of the service share: a small company, its service, databases, a site of people, commands."""

import logging

import pytest

from tests.serving.commands_run import command, prepared, serve
from tests.serving.databases import _prepared, empty_address, store, store_address
from tests.serving.people_site import cheap_hashes, open_site, site
from tests.serving.small_company import NOW, SMALL, found
from tests.serving.small_service import (
    Served,
    Service,
    Starter,
    company,
    make_key,
    quick,
    service,
    settings,
    start,
)

__all__ = [
    "NOW",
    "SMALL",
    "Served",
    "Service",
    "Starter",
    "_prepared",
    "cheap_hashes",
    "command",
    "company",
    "empty_address",
    "found",
    "make_key",
    "open_site",
    "prepared",
    "quick",
    "serve",
    "service",
    "settings",
    "site",
    "start",
    "store",
    "store_address",
]


@pytest.fixture(autouse=True)
def _loggers_speak() -> None:
    """Loggers that MLflow's store has silenced or kept to itself in this process say again what they are told."""
    logging.getLogger("sqlalchemy.engine").propagate = True
    for one in logging.root.manager.loggerDict.values():
        if isinstance(one, logging.Logger):
            one.disabled = False
