from pathlib import Path

from serving.settings import ServingSettings
from serving.settings_page import settings_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_the_page_has_a_row_for_every_setting() -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith("| `FORESELL_")]

    assert len(rows) == len(ServingSettings.model_fields)
    assert "| `FORESELL_STALE_AFTER` | `36:00:00` | Scores say `stale`" in settings_page()


def test_the_page_in_the_documentation_is_current() -> None:
    """Written by: python -c "from serving.settings_page import settings_page; print(settings_page(), end='')"."""
    assert PAGE.read_text("utf-8") == settings_page()
