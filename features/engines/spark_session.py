"""How is Spark started, and how quietly? A session of the caller's is used as it is."""

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from features.errors import ForesellError

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

SETTINGS = {
    "spark.app.name": "foresell",
    # No page, no progress bar, and nobody outside this machine is listened to.
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # The JVM only moves parcels; the work is done by Python workers beside it.
    "spark.driver.memory": "2g",
}
"""What a session of our own on one machine is started with."""


class NoJava(ForesellError):
    problem = "Spark runs on Java, and there is none here: neither JAVA_HOME nor the search path has a java."
    fix = "install a Java 17 or 21 (openjdk-17-jre-headless) and set JAVA_HOME, or use the local engine."


class SparkNotStarted(ForesellError):
    problem = "Spark could not be started: {0}."
    fix = "see the lines above; check JAVA_HOME (Java 17 or 21), SPARK_HOME and the master's address."


class SparkFailed(ForesellError):
    problem = "A worker of Spark failed: {0}."
    fix = "see the workers' logs; where memory was short, give them more, or this engine a smaller memory_mb."


@contextmanager
def running_spark(session: "SparkSession | None" = None, threads: int | None = None) -> "Iterator[SparkContext]":
    """The given session's context, or that of the one running; else one of this machine, stopped afterwards.

    Raises NoJava, SparkNotStarted, SparkFailed.
    """
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    lost: type[Exception] = import_module("py4j.protocol").Py4JError
    found = session or SparkSession.getActiveSession()
    mine = None if found else start_spark(threads)
    spark = (found or mine).sparkContext  # type: ignore[union-attr]
    try:
        with _unconcerned():
            yield spark
    except (lost, PySparkException) as failed:
        raise SparkFailed(_reason(str(failed))) from failed
    finally:
        if mine is not None:
            mine.stop()


def start_spark(threads: int | None = None) -> "SparkSession":
    """A quiet session on this machine, whose workers are this Python. Raises NoJava, SparkNotStarted."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java") and not (home and shutil.which("java", path=os.path.join(home, "bin"))):
        raise NoJava
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master(f"local[{threads or '*'}]")
    for setting, value in SETTINGS.items():
        builder = builder.config(setting, value)
    try:
        with _unconcerned():
            session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as wrong:
        raise SparkNotStarted(_reason(str(wrong))) from wrong
    session.sparkContext.setLogLevel("OFF")
    return session


@contextmanager
def _unconcerned() -> Iterator[None]:
    """PySpark looks whether pandas is there and warns of its age; this engine uses none of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def _reason(told: str) -> str:
    """The line of a long message that says what went wrong: the last error of Python's, else the first of all."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    named = [line for line in lines if line.split(":")[0].endswith(("Error", "Exception"))]
    python = [line for line in named if not line.startswith(("org.", "java.", "Caused by"))]
    return (python or named or lines or ["no reason given"])[-1 if python else 0]
