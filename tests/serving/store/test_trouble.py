import sqlite3

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.store.trouble import in_our_words

HOST = 'connection to server at "db.internal" (10.0.0.7), port 5432 failed: '


class Said(Exception):
    def __init__(self, said, sqlstate=None):
        super().__init__(said)
        self.sqlstate = sqlstate


def wrapped(cause):
    return OperationalError("SELECT 1", {}, cause)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Said(HOST + "Connection refused"), "it refuses connections"),
        (Said(HOST + 'FATAL: password authentication failed for user "crm"'), "user or password"),
        (Said(HOST + "No route to host"), "not reached"),
        (Said(HOST + "SSL error: something of the day"), "the connection broke"),
        (Said('could not translate host name "db.internal" to address'), "name of its server"),
        (Said("connection timeout expired"), "nothing came back in time"),
        (Said('could not extend file "base/5/1": No space left on device', "53100"), "its disk is full"),
        (Said("cannot execute INSERT in a read-only transaction", "25006"), "read-only"),
        (Said("terminating connection due to administrator command", "57P01"), "starting or stopping"),
        (Said("canceling statement due to statement timeout", "57014"), "statement timeout"),
        (Said("invalid page in block 3", "XX001"), "damaged"),
    ],
)
def test_trouble_is_said_without_names_of_machines_and_people(cause, words):
    said = in_our_words(wrapped(cause))

    assert words in said
    for name in ("db.internal", "10.0.0.7", "crm", "base/5"):
        assert name not in said


def test_what_sqlite_says_names_nobody_and_is_kept():
    assert in_our_words(wrapped(sqlite3.OperationalError("database is locked"))) == "database is locked"


def test_too_few_connections_are_said():
    assert "in use" in in_our_words(PoolTimeout("QueuePool limit of size 5"))
