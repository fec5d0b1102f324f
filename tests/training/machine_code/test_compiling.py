"""Compiled functions give the numbers that the same functions give as Python."""

from math import exp, expm1, log, log1p

import numpy as np
import pytest

from training.machine_code.compiling import (
    LANES,
    Bits,
    Block,
    Reals,
    Vector,
    Vectors,
    Wholes,
    compiled,
    lowest_bit,
    spread,
    total,
    vectors,
)

HALF = 0.5
STEP = 3


def cubed(value: float) -> float:
    return value * value * value


def first_above(many: int, numbers: Reals, least: float) -> int:
    at = 0
    while at < many and not numbers[at] > least:
        at += 1
    return at


def weighed(row: Vector, weights: Vectors) -> float:
    return total(row * weights[1]) - HALF


def compute(many: int, least: float, numbers: Reals, wholes: Wholes, bits: Bits, rows: Vectors, out: Reals) -> None:
    """A little of everything."""
    out[0] = float(first_above(many, numbers, least))
    best, worst = -1e300, 1e300
    for at in range(many):
        value = numbers[at]
        best, worst = max(best, value), min(worst, value)
        out[1] += cubed(value) if value > 0.0 else abs(value) / 2
    out[2] = best - worst
    for at in range(many - 1, -1, -1):
        out[3] = out[3] * 2.0 + numbers[at]
    out[4] = exp(-1.5) + log(3.0) + log1p(1e-14) * 1e14 + expm1(1e-13) * 1e13
    wholes[0] = (wholes[1] - 1) % STEP + wholes[2] // STEP * -1
    out[5] = float(lowest_bit(bits[0] & bits[1] | 1024))
    rows[2] = rows[0] * 2.0 + spread(least) - rows[1] / 4.0
    out[6] = weighed(rows[2], rows)
    if numbers[0] != numbers[0] or (least > 0.0 and numbers[1] >= 1.0):
        out[7] = 1.0
    else:
        out[7] = -1.0
    filled(2, out[8:])


def filled(many: int, out: Reals) -> None:
    for at in range(many):
        if at == 1:
            out[at] = 7.0
            return
        out[at] = 6.0


def loads(numbers: Reals) -> None:
    numbers[0] = numbers[0] + 1.0


@pytest.fixture(scope="module")
def machines():
    return compiled("test", (compute, loads), (cubed, first_above, weighed, filled))


def arguments(seed: int) -> dict[str, object]:
    random = np.random.default_rng(seed)
    rows = vectors(3)
    rows[:2] = random.normal(size=(2, LANES))
    return {
        "many": 9,
        "least": float(random.normal()),
        "numbers": random.normal(size=9),
        "wholes": np.array([0, *random.integers(1, 99, 2)], np.int32),
        "bits": random.integers(-(2**62), 2**62, 2),
        "rows": rows,
        "out": np.zeros(10),
    }


@pytest.mark.parametrize("seed", range(6))
def test_machine_code_computes_what_python_does(machines, seed):
    expected, found = arguments(seed), arguments(seed)
    compute(**expected)
    Block(machines["compute"], **found).run()

    np.testing.assert_allclose(found["out"], expected["out"], rtol=1e-13)
    np.testing.assert_allclose(found["rows"], expected["rows"], rtol=1e-13)
    assert found["wholes"].tolist() == expected["wholes"].tolist()
    assert found["out"][8:].tolist() == [6.0, 7.0]


def test_a_block_runs_again_with_what_was_changed(machines):
    numbers, others = np.zeros(1), np.full(1, 5.0)
    block = Block(machines["loads"], numbers=numbers)
    block.run()
    block.run_long()
    block.set(numbers=others)
    block.run()

    assert (numbers.tolist(), others.tolist()) == ([2.0], [6.0])


@pytest.mark.parametrize("numbers", [np.zeros(2, np.float32), np.zeros((4, 4))[:, 1], np.zeros(1, np.int64)])
def test_an_array_that_the_code_would_misread_is_refused(machines, numbers):
    with pytest.raises(TypeError, match="numbers"):
        Block(machines["loads"], numbers=numbers)


def test_an_argument_that_is_missing_or_unknown_is_refused(machines):
    with pytest.raises(TypeError, match="other"):
        Block(machines["loads"], numbers=np.zeros(1), other=1)
    with pytest.raises(TypeError, match="numbers"):
        Block(machines["loads"])


def test_vectors_begin_with_a_line_of_the_cache():
    assert all(vectors(rows).ctypes.data % 64 == 0 for rows in range(1, 9))
