"""Forked workers are processes like others: they end as they are told to, and do not keep their brothers alive."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")

BEGIN = """
import os, signal, subprocess, sys, time
from serving.running.forking import Forked, can_fork

def sleep():
    time.sleep(60)

def until_told():
    while os.read(0, 1024):
        pass
    sys.exit(7)
"""


def said(program: str) -> list[str]:
    """What a fresh process says: the one of the tests has threads, which a fork does not take along."""
    done = subprocess.run([sys.executable, "-c", BEGIN + program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_process_says_how_it_ended() -> None:
    program = """
print(Forked(lambda: None).wait(20), Forked(lambda: sys.exit(3)).wait(20))
print(Forked(lambda: sys.exit("in words")).wait(20), Forked(lambda: 1 / 0).wait(20))
killed = Forked(sleep)
print(killed.poll())
killed.kill()
print(killed.wait(20), killed.poll())
"""
    assert said(program) == ["0", "3", "1", "1", "None", "-9", "-9"]


def test_a_signal_stops_it_whatever_the_process_it_came_from_does_with_such() -> None:
    program = """
signal.signal(signal.SIGTERM, lambda *_: print("kept on", flush=True))
worker = Forked(sleep)
time.sleep(0.2)
worker.send_signal(signal.SIGTERM)
print(worker.wait(20))
"""
    assert said(program) == ["-15"]


def test_who_does_not_end_in_time_is_said() -> None:
    program = """
worker = Forked(sleep)
try:
    worker.wait(0.05)
except subprocess.TimeoutExpired:
    print("late")
worker.kill()
worker.wait()
"""
    assert said(program) == ["late"]


def test_its_standard_input_ends_with_what_started_it_though_brothers_live() -> None:
    program = """
first, second = Forked(until_told), Forked(sleep)
first.stdin.close()
print(first.wait(20), second.poll())
third = Forked(until_told)
second.kill()
third.stdin.close()
print(third.wait(20))
"""
    assert said(program) == ["7", "None", "7"]


def test_no_fork_beside_another_thread() -> None:
    program = """
import threading
alone = can_fork()
threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
print(alone, can_fork())
"""
    assert said(program) == ["True", "False"]


def test_what_workers_share_is_all_there_before_the_fork() -> None:
    program = """
from serving.running.thrift import be_thrifty
be_thrifty()
from serving.running.forking import load_what_workers_share
load_what_workers_share()
from serving.running.coming_up import LATER
print(all(each in sys.modules for each in LATER), can_fork(), "pandas" in sys.modules, "mlflow" in sys.modules)
"""
    assert said(program) == ["True", "True", "False", "False"]
