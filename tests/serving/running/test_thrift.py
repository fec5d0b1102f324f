"""A process is made thrifty without its children being so."""

import subprocess
import sys
import weakref

from serving.running.thrift import give_back

THRIFTY = """
import gc, os, sys
from serving.running.thrift import be_thrifty
be_thrifty()
print("numpy" in sys.modules, os.environ.get("OPENBLAS_NUM_THREADS"), gc.get_threshold()[0])
"""


def test_children_compute_with_as_many_threads_as_they_like():
    said = subprocess.run([sys.executable, "-c", THRIFTY], env={}, check=True, capture_output=True, text=True).stdout
    assert said.split() == ["True", "None", "20000"]


def test_what_the_operator_says_of_threads_stands():
    told = {"OPENBLAS_NUM_THREADS": "3"}
    said = subprocess.run([sys.executable, "-c", THRIFTY], env=told, check=True, capture_output=True, text=True).stdout
    assert said.split() == ["True", "3", "20000"]


def test_rings_of_garbage_are_given_back():
    class Ring:
        own: "Ring"

    ring = Ring()
    ring.own = ring
    seen = weakref.ref(ring)
    del ring
    give_back()
    assert seen() is None
