"""Every finding has its words, in both languages, with the same blanks."""

import re
from pathlib import Path
from string import Formatter

import pytest

from features.audit_advice import CONSEQUENCE
from features.audit_words import EVIDENCE, tell

SOURCES = sorted((Path(__file__).resolve().parents[2] / "features").glob("audit*.py"))
SOURCES += sorted((Path(__file__).resolve().parents[2] / "features").glob("leak*.py"))


def _blanks(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}


@pytest.mark.parametrize("code", EVIDENCE)
def test_both_languages_state_the_same_facts(code: str) -> None:
    english, chinese = EVIDENCE[code]

    assert _blanks(english) == _blanks(chinese)
    assert re.search("[\u4e00-\u9fff]", chinese)


@pytest.mark.parametrize("code", EVIDENCE)
def test_each_finding_has_a_consequence_in_both_languages(code: str) -> None:
    facts = dict.fromkeys(_blanks(EVIDENCE[code][0]), "7")

    finding = tell(code, "deals", "x", "error", facts)

    assert finding.consequence
    assert finding.consequence_zh
    assert "{" not in finding.evidence + finding.evidence_zh


def test_no_words_are_left_over_and_none_are_lacking() -> None:
    source = "\n".join(path.read_text("utf-8") for path in SOURCES if path.stem not in ("audit_words", "audit_advice"))
    used = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source))

    assert set(EVIDENCE) <= used
    assert {code.split(":")[0] for code in CONSEQUENCE} <= set(EVIDENCE)
