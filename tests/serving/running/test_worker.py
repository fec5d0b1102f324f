import contextlib
import logging
from types import SimpleNamespace

from serving.running.worker import STATUS_STUCK, STUCK, end_when_stuck


def test_a_worker_whose_loop_comes_round_no_more_says_where_and_ends(caplog) -> None:
    now, ended = [1000.0], []
    server = SimpleNamespace(ticked=1000.0)

    def pause(seconds: float) -> None:
        now[0] += seconds

    with caplog.at_level(logging.CRITICAL):
        end_when_stuck(server, pause, lambda: now[0], ended.append)

    assert ended == [STATUS_STUCK]
    assert STUCK < now[0] - 1000 < STUCK + 20
    assert "end_when_stuck" in caplog.records[-1].facts["at"]


def test_one_late_look_is_not_enough() -> None:
    now, looks = [0.0], []
    server = SimpleNamespace(ticked=0.0)

    def pause(seconds: float) -> None:
        looks.append(now[0])
        now[0] += 100 * seconds
        if len(looks) % 2 == 0:
            server.ticked = now[0]
        if len(looks) > 9:
            raise KeyboardInterrupt

    ended: list[int] = []
    with contextlib.suppress(KeyboardInterrupt):
        end_when_stuck(server, pause, lambda: now[0], ended.append)

    assert ended == []
