"""The function that is loaded alone is SciPy's, to the last bit, and SciPy's whole is the way out."""

import subprocess
import sys

import numpy as np
import pytest

from training.rivals import hypergeometric as module

ALONE = """
import sys
from training.rivals.hypergeometric import hypergeometric
print(float(hypergeometric()(1.3, 0.7, 20.0, 0.6)).hex(), "scipy.special" in sys.modules)
"""


def test_alone_it_gives_the_numbers_of_scipy():
    from scipy.special import hyp2f1

    random = np.random.default_rng(1)
    a, b, c = random.uniform(0.1, 9, (3, 200))
    z = random.uniform(0, 0.99, 200)

    assert module._alone()(a, b, c, z).tolist() == hyp2f1(a, b, c, z).tolist()


def test_a_process_that_needs_no_more_of_scipy_does_not_load_it():
    from scipy.special import hyp2f1

    said = subprocess.run([sys.executable, "-c", ALONE], check=True, capture_output=True, text=True).stdout
    assert said.split() == [float(hyp2f1(1.3, 0.7, 20.0, 0.6)).hex(), "False"]


def test_where_scipy_is_built_otherwise_it_is_taken_whole(monkeypatch):
    monkeypatch.delitem(sys.modules, "scipy.special", raising=False)
    monkeypatch.setattr(module, "HOLDS", "nowhere")
    module.hypergeometric.cache_clear()
    try:
        assert module.hypergeometric()(1.0, 1.0, 2.0, 0.5) == pytest.approx(2 * np.log(2), rel=1e-14)
    finally:
        module.hypergeometric.cache_clear()
