"""What is said of a database that is in trouble? Our words; what its driver says may name hosts and users."""

import sqlite3

from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.store.pulse import NO_ANSWER

OF_STATES = {
    "08": "the connection broke",
    "25006": "it is read-only",
    "28": "it does not let this service in (user or password)",
    "3D": "it is not on that server",
    "40": "two writers were in each other's way",
    "42501": "it refuses to read or write a file or a table (privilege)",
    "53": "it is short of disk, memory or connections",
    "53100": "its disk is full",
    "53300": "it has no connection left",
    "55P03": "a lock was waited for too long",
    "57": "it is starting or stopping",
    "57014": "a statement took too long (statement timeout)",
    "58": "its files or its disk fail",
    "XX": "it finds itself damaged",
}
"""By the first characters of PostgreSQL's SQLSTATE; the longest that fits counts."""
OF_TEXTS = {
    NO_ANSWER: NO_ANSWER,
    "timeout": NO_ANSWER,
    "timed out": NO_ANSWER,
    "refused": "it refuses connections",
    "No such file": "it refuses connections",
    "resolve": "the name of its server is not known",
    "translate host": "the name of its server is not known",
    "No route": "its server is not reached",
    "unreachable": "its server is not reached",
    "starting up": "it is starting or stopping",
    "shutting down": "it is starting or stopping",
    "password": "it does not let this service in (user or password)",
    "does not exist": "it is not on that server",
    "too many clients": "it has no connection left",
    "No space": "its disk is full",
}
"""By what the driver says where there is no SQLSTATE: of connections that do not come about."""
TEXT_OF_TABLES = "42"
"""Errors of this class name tables and columns, and nothing else."""


def in_our_words(failure: Exception) -> str:
    """What is wrong, without names of hosts, users or addresses.

    >>> in_our_words(OSError('connection to server at "10.0.0.7", port 5432 failed: Connection refused'))
    'it refuses connections'
    """
    if isinstance(failure, PoolTimeout):
        return "all connections to it are in use"
    cause = getattr(failure, "orig", None) or failure
    said = first_line(failure)
    if isinstance(cause, sqlite3.Error):
        return said
    state = str(getattr(cause, "sqlstate", None) or "")
    for length in (5, 2):
        if words := OF_STATES.get(state[:length]):
            return words
    if state.startswith(TEXT_OF_TABLES):
        return said
    return next((words for text, words in OF_TEXTS.items() if text in said), "the connection broke")


def first_line(failure: Exception) -> str:
    """What the driver says, for the log."""
    said = str(getattr(failure, "orig", None) or failure).strip()
    return said.splitlines()[0] if said else type(failure).__name__
