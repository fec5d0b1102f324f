"""The example test of CONTRIBUTING.md passes."""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import cast

from features.catalog import CATALOG
from features.definition import Feature
from features.verbs import Count

ROOT = Path(__file__).resolve().parents[2]


def _examples() -> list[str]:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return [
        textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    ]


def test_the_feature_shown_is_the_one_in_the_catalogue() -> None:
    shown = eval(_examples()[0], {"Feature": Feature, "Count": Count})

    assert shown == CATALOG[shown.name]


def test_the_test_shown_passes(story: object) -> None:
    names: dict[str, object] = {"Story": object}
    exec(_examples()[1], names)
    tests = [value for name, value in names.items() if name.startswith("test_")]

    assert len(tests) == 1
    cast(Callable[[object], None], tests[0])(story)
