"""Which release of Foresell is this?"""

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """The installed release; 0 where it runs from a folder without being installed."""
    try:
        return version("foresell")
    except PackageNotFoundError:
        return "0"
