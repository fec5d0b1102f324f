"""The reference page of the mapping file says what the code reads."""

import re
from pathlib import Path

import pytest

from features.mapping_words import KEYS, TOP, mapping_of
from features.strict_yaml import read_yaml

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mapping.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_every_key_has_its_section():
    assert set(re.findall(r"^### `(\w+)`", PAGE, re.MULTILINE)) == set(KEYS)
    assert all(f"| `{key}` |" in PAGE for key in TOP)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_of_the_page_is_a_valid_mapping(example, tmp_path):
    (tmp_path / "m.yaml").write_text(example, "utf-8")
    assert mapping_of(read_yaml(tmp_path / "m.yaml")).sources
