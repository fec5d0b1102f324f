"""How many processors may this process use? `features.processors` says."""

from features.processors import processors

__all__ = ["processors"]
