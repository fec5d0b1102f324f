import numpy as np

from training.churn import stack
from training.churn.asked import asked
from training.churn.stack import Stack, stacked


def plain(part, at, days):
    return part.x, np.full(len(part), days)


def test_each_moment_stands_once_for_each_horizon_that_was_over(buyers_data):
    base = buyers_data.bases[0]
    known = base.known(base.until)
    found = stacked(known, (30.0, 90.0), plain)

    assert len(found.y) == len(asked(known, 30.0)) + len(asked(known, 90.0))
    assert len(found.y) == len(found.x) == len(found.subject) == len(found.date) == len(found.offset)
    assert np.unique(found.offset).tolist() == [30.0, 90.0]
    assert not set(found.date[found.offset == 30].tolist()) & set(found.date[found.offset == 90].tolist())


def test_too_many_rows_are_thinned_by_dates_the_last_kept(buyers_data, monkeypatch):
    base = buyers_data.bases[0]
    known = base.known(base.until)
    whole = stacked(known, (30.0,), plain)
    monkeypatch.setattr(stack, "MOST_CELLS", whole.x.size // 3)
    some = stacked(known, (30.0,), plain)

    assert len(some.y) < 0.5 * len(whole.y)
    assert some.date.max() == whole.date.max()


def test_only_moments_from_a_day_on_and_none_where_none_was_over(buyers_data):
    base = buyers_data.bases[0]
    known, middle = base.known(base.until), int(np.median(base.at))

    assert stacked(known, (30.0,), plain, since=middle).date.min() >= middle
    assert len(stacked(known, (5000.0,), plain).y) == 0


def test_enough_counts_customers_and_not_rows():
    def of(y: list[float], subject: list[object]) -> Stack:
        return Stack(None, np.array(y), np.array(y), subject, np.array(y))  # type: ignore[arg-type]

    assert of([1, 0, 1, 0], ["a", "a", "b", "b"]).enough(2)
    assert not of([1, 1, 0, 0], ["a", "a", "b", "c"]).enough(2)
