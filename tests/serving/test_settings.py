from datetime import timedelta
from pathlib import Path

import pytest

from serving.problems.errors import BadSetting
from serving.settings import ServingSettings, read_settings


@pytest.mark.parametrize("name", ServingSettings.model_fields)
def test_every_setting_says_what_it_means(name: str) -> None:
    assert len(ServingSettings.model_fields[name].description or "") > 20


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESELL_HOME", "elsewhere")
    monkeypatch.setenv("FORESELL_STALE_AFTER", "PT2H")

    settings = read_settings(max_body_bytes=10)

    assert settings.home == Path("elsewhere")
    assert settings.stale_after == timedelta(hours=2)
    assert settings.max_body_bytes == 10


def test_a_bad_setting_is_named_as_it_stands_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESELL_PIECE_ROWS", "none")

    with pytest.raises(BadSetting, match="FORESELL_PIECE_ROWS"):
        read_settings()


def test_the_store_is_in_the_home_folder_unless_an_address_is_given() -> None:
    assert ServingSettings(home=Path("h")).store_address == f"sqlite:///{Path('h/foresell.db')}"
    assert ServingSettings(database="postgresql://u:p@h/d").store_address == "postgresql://u:p@h/d"


def test_the_databases_password_is_not_shown() -> None:
    assert "hunter2" not in repr(ServingSettings(database="postgresql://u:hunter2@h/d"))
