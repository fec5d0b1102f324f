from pathlib import Path

import pytest

from features.catalog import CATALOG, CUSTOMER_CATALOG, UnknownFeature, find, fingerprint, offered, own
from features.own_features import SETTING, OwnFeaturesBroken, OwnFeaturesMissing, OwnFeatureWrong, read

HEAD = "from features.definition import Feature\nfrom features.verbs import Count, Sum\n"
CALLS = 'Feature("calls_so_far", "Calls so far.", "至今通话次数。", Count("activities", where=(("type", "call"),)))'
LINES = 'Feature("order_lines", "Order lines.", "订单行数。", Count("orders", of="customer"), "customer")'


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Writes the file that the setting names."""
    path = tmp_path / "mine.py"
    monkeypatch.setenv(SETTING, str(path))

    def write(*entries: str, text: str | None = None) -> None:
        path.write_text(
            text if text is not None else f"{HEAD}FEATURES = (\n" + "".join(f"{e},\n" for e in entries) + ")\n"
        )

    return write


def test_without_the_setting_there_are_none(monkeypatch):
    monkeypatch.delenv(SETTING, raising=False)

    assert own() == ()


def test_they_are_offered_found_and_computed_like_all_others(mine, story):
    mine(CALLS, LINES)
    story.deal("a").activity(on="2024-01-02", type="call").activity(on="2024-01-03", type="email")
    story.order("c", on="2024-01-02")

    of_deals, of_customers = offered(story.history).features, offered(story.history, entity="customer").features

    assert of_deals[-1].name == "calls_so_far"
    assert of_customers[-1].name == "order_lines"
    assert story.value(find("calls_so_far"), "a", as_of="2024-02-01") == 1
    assert story.value_of_customer(find("order_lines", "customer"), "c", as_of="2024-02-01") == 1
    assert [feature.name for feature in own("customer")] == ["order_lines"]
    with pytest.raises(UnknownFeature):
        find("order_lines", "deal")


def test_what_the_history_cannot_give_is_left_out_and_said(mine, story):
    mine(CALLS)
    story.deal("a")

    assert offered(story.history).left_out["calls_so_far"] == "the history has nothing that gives activities"


def test_another_definition_has_another_fingerprint(mine):
    mine(CALLS)
    before = fingerprint(own())
    mine(CALLS.replace('"call"', '"email"'))

    assert fingerprint(own()) != before


def test_nothing_is_read_until_it_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv(SETTING, str(tmp_path / "absent.py"))
    from features.catalog import select

    assert select("deal_amount")
    assert find("deal_amount").name == "deal_amount"
    with pytest.raises(OwnFeaturesMissing, match=r"absent\.py(.|\n)*unset it"):
        own()


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("FEATURES = (\n", 1, "was never closed"),
        ("\n\nimport nothing_of_this_name\n", 3, "ModuleNotFoundError"),
        ("x = 1\ny = 1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("raise SystemExit\n", 1, "SystemExit: it ended"),
        ("from features.verbs import Cuont\n", 1, "there is no verb Cuont. Did you mean 'Count'"),
        ("x = 1\n", 1, "there is no tuple FEATURES of features"),
        ("x = 1\nFEATURES = 5\n", 2, "there is no tuple FEATURES"),
        ("\nFEATURES = ('calls',)\n", 2, "entry 1 of FEATURES is 'calls', not a Feature"),
        (f"{HEAD}\nFEATURES = (\n  Feature('a', 'A.', '甲。'),\n)\n", 5, "missing 1 required positional argument"),
        (b"\xff\xfe\x00", 1, ""),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_the_line(tmp_path, text, line, problem):
    path = tmp_path / "mine.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(OwnFeaturesBroken) as said:
        read(path, ())

    assert f"line {line}: " in str(said.value)
    assert problem in str(said.value)
    assert "To fix: " in str(said.value)


@pytest.mark.parametrize(
    ("entry", "problem", "fix"),
    [
        (CALLS, "it is defined twice", "name of its own"),
        (CALLS.replace("calls_so_far", "deal_amount"), "Foresell has a feature of that name", "another name"),
        (CALLS.replace("calls_so_far", "customer_lateness"), "Foresell has a feature of that name", "another name"),
        (CALLS.replace("activities", "acts").replace("calls_so_far", "b"), "there is no stream 'acts'", "Known here"),
        ('Feature("b", "B.", "乙。", Sum("activities", "minutes"))', "no column 'minutes'", "duration_minutes"),
        (
            'Feature(name="b", meaning="", meaning_zh="乙。", verb=Count("activities"))',
            "its meaning is not",
            "in English",
        ),
    ],
)
def test_a_feature_that_will_not_do_is_named_with_its_line(mine, entry, problem, fix):
    mine(CALLS, entry)

    with pytest.raises(OwnFeatureWrong) as said:
        own()

    line = 4 if "twice" in problem else 5
    assert f"mine.py, line {line}: the feature " in str(said.value)
    assert problem in str(said.value)
    assert fix in str(said.value)


def test_features_made_in_a_loop_are_as_good(mine):
    made = "Feature(f'calls_{n}', 'C.', '甲。', Count('activities', within_days=n))"
    mine(text=f"{HEAD}FEATURES = [{made} for n in (1, 2)]")
    assert [feature.name for feature in own()] == ["calls_1", "calls_2"]

    mine(text=f"{HEAD}FEATURES = [{made} for n in (1, 0)]")
    with pytest.raises(OwnFeatureWrong, match="line 3: the feature calls_0: within_days of Count is 0"):
        own()


def test_the_example_of_the_documentation_works(tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "own-features.md").read_text("utf-8")
    path = tmp_path / "mine.py"
    path.write_text(page.split("```python\n")[1].split("```")[0], "utf-8")

    assert [(f.name, f.entity) for f in read(path, CATALOG.keys() | CUSTOMER_CATALOG.keys())] == [
        ("deal_visits_90d", "deal"), ("customer_silence_by_purchases", "customer"),
    ]  # fmt: skip
