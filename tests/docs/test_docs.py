"""The documentation says what is true: generated pages are current, links lead somewhere, what is named exists."""

import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")


def _blocks(page: Path, *languages: str) -> list[str]:
    return [text for language, text in FENCE.findall(page.read_text("utf-8")) if language in languages]


def _prose(page: Path) -> str:
    return FENCE.sub("", page.read_text("utf-8"))


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["commands.md", "data-contract.md", "features.md", "operations.md", "settings.md"])
def test_a_page_from_the_code_is_current(generate: ModuleType, name: str) -> None:
    """Written by: python docs/generate.py."""
    page = ROOT / "docs" / name

    assert page.read_text("utf-8") == generate.pages()[page]


def test_a_stale_page_would_be_seen(generate: ModuleType) -> None:
    old = "a\n<!-- begin: tables -->\nold\n<!-- end: tables -->\nz\n"

    assert generate.placed(old, "tables", "new") == "a\n<!-- begin: tables -->\n\nnew\n\n<!-- end: tables -->\nz\n"
    with pytest.raises(SystemExit, match="marks of other"):
        generate.placed(old, "other", "new")


def test_every_command_has_help_and_a_place_in_the_documentation(generate: ModuleType) -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for words in generate.commands():
        said = generate.help_of(*words)
        about = said.split("\n\n")[1]
        assert about.strip(), f"foresell {' '.join(words)} has no help"
        assert not about.strip().startswith(("Options", "Arguments")), f"foresell {' '.join(words)} has no help"
        for line in re.findall(r"^  (--\S+.*)$", said, re.MULTILINE):
            assert "  " in line.strip() or said.split(line)[1].startswith("\n   "), f"{words}: {line} has no help"
        assert f"\n## foresell {' '.join(words)}\n" in page


def test_the_two_commands_are_the_same_in_both_languages() -> None:
    commands = _blocks(ENGLISH, "sh")[:2]

    assert [text.strip().count("\n") for text in commands] == [0, 0]
    assert commands[0].rstrip().endswith("foresell demo")
    assert commands[1].rstrip().endswith("-m pytest")
    assert _blocks(CHINESE, "sh") == _blocks(ENGLISH, "sh")


def test_ci_runs_the_test_command_of_the_readme_after_installing_spark() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    steps = [line for line in script if line and not line.startswith(("#", "set ", "cd "))]

    spark = "python3 -m venv .venv && .venv/bin/pip install -q --no-compile -r requirements-spark.lock"
    assert steps == [spark, _blocks(ENGLISH, "sh")[1].strip()]


def test_both_readmes_have_the_same_parts() -> None:
    def shape(page: Path) -> list[object]:
        text = page.read_text("utf-8")
        links = [link for link in LINK.findall(text) if not link.startswith("README")]
        return [re.findall(r"^#+", text, re.MULTILINE), {link.replace(".zh-CN", "") for link in links}]

    assert shape(CHINESE) == shape(ENGLISH)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(_prose(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_exist(page: Path) -> None:
    """What stands in backquotes and looks like a file of ours is one."""
    ours = re.compile(r"(features|training|serving|simulation|tests|docs|examples|benchmarks|notebooks)/[\w./-]*")
    for text in CODE.findall(_prose(page)):
        if ours.fullmatch(text) and "000N" not in text:
            assert (ROOT / text).exists(), text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_named_exist(page: Path, generate: ModuleType) -> None:
    known = set(generate.commands())
    groups = {words[:1] for words in known if len(words) == 2}
    options = re.compile(r"--[a-z][a-z-]*")
    told = [*CODE.findall(_prose(page)), *(line for text in _blocks(page, "", "sh") for line in text.splitlines())]
    for text in told:
        found = re.match(r"(?:\.venv/bin/)?foresell\s+(?:--home \S+ )?([a-z]+)(?: ([a-z]+))?(.*)", text)
        if found is None:
            continue
        words = (found[1], found[2]) if (found[1],) in groups else (found[1],)
        assert words in known or (words[1:] == (None,) and words[:1] in groups), text
        if words in known:
            said = generate.help_of(*words)
            rest = text.partition(found[1])[2].partition("#")[0]
            assert set(options.findall(rest)) <= set(options.findall(said)), text


@pytest.mark.parametrize(
    "path",
    [*PAGES, *sorted(ROOT.glob("requirements*.lock")), *(ROOT / n for n in ("MLproject", "Makefile", ".ci/run"))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_machine_is_named(path: Path) -> None:
    text = path.read_text("utf-8")

    assert not re.search(r"(^|[\s'\"`=])/(work|root|home|Users|tmp|opt)/", text, re.MULTILINE)
    assert "index-url" not in text.replace("--no-emit-index-url", "")
    assert path.suffix != ".lock" or "http" not in re.sub(r"^[a-z-]*http[a-z-]*==", "", text, flags=re.MULTILINE)


def test_the_locks_agree() -> None:
    """What the demo runs with is what the tests run with."""
    pins = [
        set(re.findall(r"^([\w.-]+==[^\\\n]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-test.lock")
    ]

    assert len(pins[0]) > 50
    assert pins[0] < pins[1]


def test_the_locks_pin_what_the_project_asks_for() -> None:
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {
        "requirements.lock": project["dependencies"],
        "requirements-test.lock": [*project["dependencies"], *project["optional-dependencies"]["test"]],
        "requirements-spark.lock": project["optional-dependencies"]["spark"],
    }
    for lock, requirements in wanted.items():
        found: dict[str, list[str]] = {}
        pinned = re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
        for name, version in pinned:
            found.setdefault(canonicalize_name(name), []).append(version)
        for requirement in map(Requirement, requirements):
            versions = found.get(canonicalize_name(requirement.name), [])
            assert versions, f"{lock} lacks {requirement}: make lock"
            assert all(requirement.specifier.contains(version) for version in versions), f"{lock}: {requirement}"
