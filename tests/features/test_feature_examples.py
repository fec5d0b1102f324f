import pytest

from features.feature_examples import EXAMPLES, TABLES, WORDS
from features.feature_template import write
from features.feature_trial import trial


@pytest.mark.parametrize("entity", TABLES)
def test_every_example_has_the_values_it_claims(tmp_path, entity):
    path = tmp_path / "mine.py"
    for verb in EXAMPLES:
        write(path, f"my_{verb.lower()}", entity, verb)
    value = trial(tmp_path, path, TABLES[entity])

    whose = WORDS[entity]["id"]
    for verb, example in EXAMPLES.items():
        found = [value(f"my_{verb.lower()}", whose, day) for day in ("2024-02-01", "2024-02-15")]
        assert found == pytest.approx([example.first, example.second]), verb
