"""What is kept is for one state of a history, one set of features and one program."""

from features import kept_mark
from features.history import History
from features.kept_mark import mark_of


def test_the_same_history_and_wishes_have_the_same_mark(story):
    story.deal("d1")
    story.import_now()
    assert mark_of(History.existing(story.home), ["a"]) == mark_of(History.existing(story.home), ["a"])


def test_another_delivery_mapping_wish_or_program_has_another(story, monkeypatch):
    story.deal("d1")
    marks = [mark_of(story.history, ["a"]), mark_of(story.history, ["b"])]
    story.deal("d2")
    marks.append(mark_of(story.history, ["a"]))
    monkeypatch.setattr(kept_mark, "_program", lambda: [("a.py", 1, 1)])
    marks.append(mark_of(story.history, ["a"]))
    monkeypatch.setattr(kept_mark, "LAYOUT", 0)
    marks.append(mark_of(story.history, ["a"]))
    assert len(set(marks)) == len(marks)
