import os

from features.processors import processors


def test_only_those_that_a_process_is_bound_to_count(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 7}, raising=False)
    assert processors() == 3

    monkeypatch.delattr(os, "sched_getaffinity")
    assert processors() == 64
