from serving.access.limits import Buckets, neighbourhood


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def test_a_minutes_worth_may_come_at_once_and_then_evenly():
    clock = Clock()
    buckets = Buckets(clock)

    assert [buckets.take("key", 6) for _ in range(6)] == [0] * 6
    assert buckets.take("key", 6) == 10
    clock.seconds = 9.9
    assert buckets.take("key", 6) == 1
    clock.seconds = 10
    assert buckets.take("key", 6) == 0
    assert buckets.take("key", 6) == 10
    clock.seconds = 1000
    assert [buckets.take("key", 6) for _ in range(6)] == [0] * 6
    assert buckets.take("key", 6) > 0


def test_one_who_asks_too_often_takes_nothing_from_others():
    buckets = Buckets(Clock())

    assert [buckets.take("one", 1) for _ in range(3)] == [0, 60, 60]
    assert buckets.take("other", 1) == 0


def test_waiting_is_told_without_taking():
    buckets = Buckets(Clock())

    assert buckets.wait("key", 2) == 0
    assert [buckets.take("key", 2) for _ in range(2)] == [0, 0]
    assert [buckets.wait("key", 2) for _ in range(3)] == [30, 30, 30]


def test_names_without_end_do_not_fill_the_memory():
    buckets = Buckets(Clock(), most_held=100)
    for number in range(1000):
        buckets.take(number, 1)

    assert len(buckets._held) == 100
    assert buckets.take(999, 1) == 60


def test_addresses_that_one_caller_can_choose_from_count_as_one():
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1")
    assert neighbourhood("2001:db8::1") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("fe80::1%eth0") == "fe80::"
    assert neighbourhood("192.0.2.1") == "192.0.2.1"
    assert neighbourhood("unix") == "unix"
    assert neighbourhood(None) == "unknown"
