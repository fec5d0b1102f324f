"""A page is whole in itself, well formed, and safe from what a history says."""

from html.parser import HTMLParser

import pytest

from training.reports.definitions import DEFINITIONS
from training.reports.page import (
    Block,
    Report,
    bullets,
    definitions,
    figure,
    figures,
    folded,
    interval,
    number,
    paragraph,
    percent,
    table,
    tiles,
    verdict,
)
from training.reports.plots import Plot
from training.reports.words import NAMES, PHRASES, horizon_name, phrase

EVIL = "<script>alert('x')</script>\"><img src=x onerror=y>"
VOID = {"meta", "line", "circle", "rect", "polyline", "polygon", "br"}


class Seen(HTMLParser):
    """Every start tag with its attributes; whether all that opened was closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(params=["en", "zh"])
def language(request):
    return request.param


@pytest.fixture
def page(language):
    made = Report(f"Title {EVIL}", language, lead=f"Lead {EVIL}")
    plot = Plot(f"Plot {EVIL}", "<svg></svg>", f"Alt {EVIL}", ("a", EVIL), (("x", EVIL),))
    made.section(f"One {EVIL}", verdict(EVIL, "good"), paragraph(EVIL), paragraph(EVIL, quiet=True), bullets([EVIL]))
    made.section("Two", tiles({EVIL: EVIL}), table([EVIL, "n"], [[EVIL, "1"]], caption=EVIL, strong=[EVIL]))
    made.section("Three", figure(plot, language), figures([plot, plot], language), folded(EVIL, paragraph(EVIL)))
    made.section("Empty")
    made.section("Last", paragraph("the end"), last=True)
    made.section("Four", definitions(DEFINITIONS, language))
    return made.to_html()


def test_what_a_history_says_never_becomes_markup(page):
    seen = Seen(page)

    assert not {"script", "img"} & {tag for tag, _ in seen.tags}
    assert not [1 for _, attributes in seen.tags if any(name.startswith("on") for name in attributes)]


def test_it_is_well_formed_and_says_its_language(page, language):
    seen = Seen(page)

    assert seen.open == []
    assert page.startswith("<!doctype html>")
    (html,) = [attributes for tag, attributes in seen.tags if tag == "html"]
    assert html["lang"].startswith(language)
    assert ("meta", {"name": "viewport", "content": "width=device-width,initial-scale=1"}) in seen.tags


def test_it_loads_nothing(page):
    for _, attributes in Seen(page).tags:
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in page
    assert "@import" not in page


def test_sections_are_listed_and_an_empty_one_is_left_out(page):
    seen = Seen(page)
    targets = [attributes["href"][1:] for tag, attributes in seen.tags if tag == "a"]

    assert targets == [attributes["id"] for tag, attributes in seen.tags if tag == "section"]
    assert len(targets) == 5
    assert page.index("<h2>Four") < page.index("<h2>Last")
    assert "Empty" not in page


def test_a_picture_has_words_and_its_table_behind_it(page):
    seen = Seen(page)

    pictures = [attributes for tag, attributes in seen.tags if attributes.get("role") == "img"]
    assert len(pictures) == 3
    assert all(attributes["aria-label"].startswith("Alt ") for attributes in pictures)
    assert [tag for tag, _ in seen.tags].count("details") == 4


def test_columns_of_numbers_stand_right_and_texts_left():
    made = table(["name", "n", "p", "word"], [["a", "1,200", "-0.5 [-1, 0]", "good"], ["b", "–", "", "1 bad"]]).markup

    cells = [attributes.get("class") for tag, attributes in Seen(made).tags if tag == "td"]
    assert cells == ["n", "n", None] * 2


def test_the_strong_row_stands_out():
    rows = [
        attributes for tag, attributes in Seen(table(["a"], [["x"], ["y"]], strong=["y"]).markup).tags if tag == "tr"
    ]

    assert [attributes.get("class") for attributes in rows] == [None, None, "strong"]


def test_rows_must_be_as_wide_as_the_head():
    with pytest.raises(ValueError, match="zip"):
        table(["a", "b"], [["x", "1", "2"]])


def test_nothing_listed_is_nothing():
    assert bullets([]) == Block("")


@pytest.mark.parametrize("words", [DEFINITIONS, PHRASES, NAMES], ids=["definitions", "phrases", "names"])
def test_every_word_stands_in_both_languages(words):
    for key, told in words.items():
        assert set(told) == {"en", "zh"}, key
        english, chinese = (text if isinstance(text, str) else " ".join(text) for text in (told["en"], told["zh"]))
        assert english
        assert chinese
        assert english.isascii() or key in ("bias",)
        assert not chinese.isascii() or key in ("auc",), key


def test_figures_as_text():
    assert number(1234.5678, 1) == "1,234.6"
    assert number(float("nan")) == number(None) == percent(None) == "–"
    assert number(-0.0001, 2) == "0.00"
    assert interval(0.1, None, None, 2) == "+0.10"
    assert horizon_name(30.5, "zh") == "30.5 天"
    assert phrase("ever", "en") == "ever"
