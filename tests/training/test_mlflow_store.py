"""Which store is meant, and what is said where it cannot be used."""

import subprocess
import sys

import pytest

from training.mlflow_store import RegistryAway, StoreNotWritable
from training.registry import Registry


@pytest.mark.parametrize("address", ["gopher://nowhere", "http://127.0.0.1:9", "sqlite:///{0}/in/a/file.db"])
def test_a_store_that_cannot_be_used_is_a_named_error(tmp_path, monkeypatch, address):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (tmp_path / "file").touch()
    with pytest.raises(RegistryAway, match="FORESELL_MLFLOW"):
        Registry(tmp_path, address.format(tmp_path / "file")).versions()


def test_the_address_comes_from_the_environment_else_from_home(tmp_path, monkeypatch):
    monkeypatch.delenv("FORESELL_MLFLOW", raising=False)
    assert Registry(tmp_path).address == f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("FORESELL_MLFLOW", "http://127.0.0.1:5000")
    assert Registry(tmp_path).address == "http://127.0.0.1:5000"
    assert Registry(tmp_path, "sqlite:///x.db").address == "sqlite:///x.db"


def test_a_home_that_is_no_folder_is_a_named_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreNotWritable, match="permissions"):
        Registry(tmp_path / "file" / "home").versions()


def test_two_processes_that_begin_a_store_at_once_both_find_it_made(tmp_path):
    home = tmp_path / "home"
    code = f"from pathlib import Path; from training.registry import Registry; Registry(Path({str(home)!r})).versions()"
    started = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(2)]
    said = [one.communicate()[1].decode() for one in started]

    assert [one.returncode for one in started] == [0, 0], said
