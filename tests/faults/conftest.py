"""Faults are inflicted on the service of the serving tests."""

from tests.serving.conftest import _prepared, settings, start, store, store_address

__all__ = ["_prepared", "settings", "start", "store", "store_address"]
