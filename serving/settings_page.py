"""What can be configured? The page `docs/settings.md`, written from the settings class itself."""

from datetime import timedelta

from pydantic.fields import FieldInfo

from serving.settings import PREFIX, ServingSettings

HEAD = """# Settings of the service

Each can be set in the environment under the name given. Durations are written `36:00:00` or `PT36H`.
This page is written from `serving/settings.py`.

| setting | default | meaning |
|---|---|---|
"""


def settings_page() -> str:
    """The page in Markdown."""
    rows = (_row(name, field) for name, field in ServingSettings.model_fields.items())
    return HEAD + "".join(rows)


def _row(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {meaning} |\n"


def _default(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, timedelta):
        hours, rest = divmod(round(value.total_seconds()), 3600)
        return f"`{hours:02d}:{rest // 60:02d}:{rest % 60:02d}`"
    return f"`{value}`"
