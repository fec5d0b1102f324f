import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.feature_template import BadName, NoExample, NotAPythonFile, write
from features.output import NotWritable
from features.own_features import OwnFeaturesBroken, OwnFeatureWrong, read

ROOT = Path(__file__).resolve().parents[2]


def run(*words: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of its own, as a user types it."""
    known = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, check=False)


def test_a_new_feature_comes_with_a_test_that_passes_and_is_listed(tmp_path):
    made = [
        run("-m", "features", "features", "new", *words, "--out", "my_features.py", folder=tmp_path)
        for words in (
            ("calls_lately",),
            ("order_lines", "--entity", "customer", "--verb", "Deviation"),
            ("minutes_each", "--verb", "Ratio"),
        )
    ]
    assert [one.returncode for one in made] == [0, 0, 0], made
    assert "FORESELL_FEATURES=" in made[0].stdout

    tried = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_features.py", folder=tmp_path)
    assert tried.returncode == 0, tried.stdout
    assert "3 passed" in tried.stdout

    listing = ("-m", "features", "features", "list", "--json")
    said = run(*listing, folder=tmp_path, FORESELL_FEATURES=str(tmp_path / "my_features.py"))
    listed = {one["name"]: one for one in json.loads(said.stdout)}
    assert listed["calls_lately"]["own"]
    assert listed["order_lines"]["entity"] == "customer"
    assert not listed["deal_amount"]["own"]

    (tmp_path / "my_features.py").write_text((tmp_path / "my_features.py").read_text().replace("=90", "=20"))
    broken = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_features.py", folder=tmp_path)
    assert broken.returncode == 1
    assert "1 failed, 2 passed" in broken.stdout


def test_what_is_written_can_be_read_again_and_added_to(tmp_path):
    path = tmp_path / "mine.py"
    write(path, "one", "deal", "Count")
    write(path, "two", "customer", "Sum")
    write(path, "three", "deal", "Difference")

    found = read(path, ())

    assert [(feature.name, feature.entity) for feature in found] == [
        ("one", "deal"), ("two", "customer"), ("three", "deal"),
    ]  # fmt: skip
    text = path.read_text("utf-8")
    assert text.count("import") == 2
    assert "from features.verbs import Count, Difference, Sum\n" in text
    compile((tmp_path / "test_mine.py").read_text("utf-8"), "test_mine.py", "exec")


@pytest.mark.parametrize(
    "text",
    [
        "FEATURES = ()\n",
        "FEATURES = []",
        "from features import verbs\nFEATURES: tuple = (\n)\n# the end\n",
        "# 中文注释 FEATURES = (\nfrom features.definition import Feature as F\n"
        "from features.verbs import (\n    Sum,\n)\n"
        'FEATURES = (F("a", "商机。 A.", "商机。", Sum("activities", "duration_minutes")),)  # one\nX = 1\n',
        'from features.definition import Feature\nfrom features.verbs import Count\n'
        'FEATURES = [Feature("a", "A.", "甲。", Count("activities"))]\n',
    ],
)  # fmt: skip
def test_a_file_of_any_shape_is_added_to_and_keeps_what_it_had(tmp_path, text):
    path = tmp_path / "mine.py"
    path.write_text(text, "utf-8")
    before = [feature.name for feature in read(path, ())]

    write(path, "calls", "deal", "Mean")

    assert [feature.name for feature in read(path, ())] == [*before, "calls"]
    assert all(line in path.read_text("utf-8") for line in ("# the end", "X = 1") if line in text)


def test_a_list_that_is_computed_cannot_be_added_to(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("FEATURES = tuple(())\n", "utf-8")

    with pytest.raises(OwnFeaturesBroken, match=r"not written as a tuple"):
        write(path, "calls", "deal", "Count")
    assert path.read_text("utf-8") == "FEATURES = tuple(())\n"
    assert not (tmp_path / "test_mine.py").exists()


@pytest.mark.parametrize(
    "name", ["Calls", "", "attr_x", "last_activity_x", "win_rate_above_by_x", "two words", "1st", "名"]
)
def test_names_that_will_not_do_are_refused(tmp_path, name):
    with pytest.raises(BadName, match="is no name for a feature"):
        write(tmp_path / "mine.py", name, "deal", "Count")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["deal_amount", "customer_lateness"])
def test_names_of_the_catalogue_are_refused(tmp_path, name):
    with pytest.raises(BadName, match="Foresell has a feature of that name"):
        write(tmp_path / "mine.py", name, "deal", "Count")


def test_a_name_that_the_file_has_is_refused(tmp_path):
    write(tmp_path / "mine.py", "calls", "deal", "Count")
    before = (tmp_path / "mine.py").read_text("utf-8")

    with pytest.raises(BadName, match=r"mine\.py has a feature of that name"):
        write(tmp_path / "mine.py", "calls", "customer", "Sum")
    assert (tmp_path / "mine.py").read_text("utf-8") == before


def test_other_mistakes_are_named(tmp_path):
    with pytest.raises(NoExample, match=r"verb count(.|\n)*Did you mean 'Count'"):
        write(tmp_path / "mine.py", "calls", "deal", "count")
    with pytest.raises(NotAPythonFile):
        write(tmp_path / "mine.yaml", "calls", "deal", "Count")
    with pytest.raises(NotAPythonFile):
        write(tmp_path / "my-features.py", "calls", "deal", "Count")
    with pytest.raises(NotWritable):
        write(tmp_path / "nowhere" / "mine.py", "calls", "deal", "Count")
    (tmp_path / "mine.py").write_text('from features.definition import Feature\nFEATURES = (Feature("A", "", "", 1),)')
    with pytest.raises(OwnFeatureWrong):
        write(tmp_path / "mine.py", "calls", "deal", "Count")
