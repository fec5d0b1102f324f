"""Which features did the administrator define? Those in the file that the setting FORESELL_FEATURES names.

The file is Python and runs with the rights of the program, so nobody but the administrator may write to it. It is read
when features are asked for, never on import, and checked like everything that comes from outside.
"""

import ast
import os
import re
import runpy
from collections.abc import Collection
from pathlib import Path
from traceback import extract_tb

from features.definition import Feature
from features.errors import ForesellError
from features.feature_checks import VERBS, fault
from features.suggesting import hint

SETTING = "FORESELL_FEATURES"
"""Environment variable with the path of the file; without it there are no features of one's own."""
LIST = "FEATURES"


class OwnFeatureTrouble(ForesellError):
    """Base of whatever may be wrong with features of one's own."""


class OwnFeaturesMissing(OwnFeatureTrouble):
    problem = "FORESELL_FEATURES names {0}, and there is no such file."
    fix = "correct the setting, or unset it to do without features of your own."


class OwnFeaturesBroken(OwnFeatureTrouble):
    problem = "The features in {0} cannot be read: line {1}: {2}."
    fix = "correct that line; docs/own-features.md shows a file that works, foresell features new writes one."


class OwnFeatureWrong(OwnFeatureTrouble):
    """One feature of the file cannot be what it says."""

    problem = "{0}, line {1}: the feature {2}: {3}."
    fix = "{4}"


class OwnFeatureGone(OwnFeatureTrouble):
    """A model learned from a feature that is not there any more."""

    problem = "The model in {0} needs the feature {1} of your own, and {2}."
    fix = (
        "set FORESELL_FEATURES to the file that defines it, or make do without: foresell models rollback, "
        "or train again."
    )


def named(taken: Collection[str]) -> tuple[Feature, ...]:
    """The features of the file that the setting names, in its order; none where it is not set.

    `taken` are names that they may not have. Raises OwnFeaturesMissing, OwnFeaturesBroken, OwnFeatureWrong.
    """
    path = file_named()
    return () if path is None else read(path, taken)


def file_named() -> Path | None:
    """The file that the setting names."""
    given = os.environ.get(SETTING)
    return Path(given) if given else None


def where_it_was_sought() -> str:
    """What to say of a feature that is not there.

    >>> where_it_was_sought()
    'FORESELL_FEATURES is not set'
    """
    path = file_named()
    return f"{SETTING} is not set" if path is None else f"{path} does not define it"


def read(path: Path, taken: Collection[str]) -> tuple[Feature, ...]:
    """The features a file defines, checked. Raises OwnFeaturesMissing, OwnFeaturesBroken, OwnFeatureWrong."""
    if not path.is_file():
        raise OwnFeaturesMissing(path)
    lines = _lines(path)
    found = _run(path)
    features = found.get(LIST)
    if not isinstance(features, tuple | list):
        raise OwnFeaturesBroken(path, lines.get(LIST, 1), f"there is no tuple {LIST} of features")
    seen: set[str] = set()
    for number, feature in enumerate(features, 1):
        if not isinstance(feature, Feature):
            line = lines.get(LIST, 1)
            raise OwnFeaturesBroken(path, line, f"entry {number} of {LIST} is {_said(feature)}, not a Feature")
        line = lines.get(str(feature.name), lines.get(LIST, 1))
        wrong = fault(feature)
        if wrong is None and feature.name in taken:
            wrong = ("Foresell has a feature of that name", "choose another name.")
        if wrong is None and feature.name in seen:
            wrong = ("it is defined twice", "give each feature a name of its own.")
        if wrong is not None:
            raise OwnFeatureWrong(path, line, feature.name, *wrong)
        seen.add(feature.name)
    return tuple(features)


def _run(path: Path) -> dict[str, object]:
    try:
        return runpy.run_path(str(path))
    except ForesellError:
        raise
    except (Exception, SystemExit) as failure:
        lines = [frame.lineno for frame in extract_tb(failure.__traceback__) if frame.filename == str(path)]
        raise OwnFeaturesBroken(path, lines[-1] if lines else 1, _explained(failure)) from failure


def _explained(failure: BaseException) -> str:
    """An error on one line, with the name that was probably meant where one was not found."""
    said = " ".join(str(failure).split()) or "it ended"
    unknown = re.match(r"cannot import name '(\w+)' from 'features.verbs'", said)
    if unknown:
        return f"there is no verb {unknown[1]}. {hint(unknown[1], VERBS)}".rstrip(".")
    return f"{type(failure).__name__}: {said}"


def _lines(path: Path) -> dict[str, int]:
    """In which line each feature is defined, by its name, and the list of them. Raises OwnFeaturesBroken."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except OSError as failure:
        raise OwnFeaturesBroken(path, 1, failure.strerror or failure) from failure
    except SyntaxError as failure:
        raise OwnFeaturesBroken(path, failure.lineno or 1, failure.msg) from failure
    except ValueError as failure:
        raise OwnFeaturesBroken(path, 1, failure) from failure
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "name")]
            for value in given:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.setdefault(value.value, node.lineno)
        elif isinstance(node, ast.Name) and node.id == LIST and isinstance(node.ctx, ast.Store):
            found[LIST] = node.lineno
    return found


def _said(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else f"a {type(value).__name__}"
