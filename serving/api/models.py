"""Models over HTTP: what is live, how good it was, which versions there are, and which was live when."""

from datetime import UTC
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic.types import AwareDatetime

from features.history import NoHistory
from serving.api.dependencies import CardReader, Documented, Shelved, Spoken
from serving.champion import MODELS
from serving.models.card import card_of
from serving.models.versions import ModelHistory, histories
from serving.problems.documents import declares
from serving.problems.errors import NoChampion, StillLoading
from serving.scores.answers import ModelsServed

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Documented])


class ModelsTold(ModelsServed):
    """The models that are live, and all their versions."""

    history: list[ModelHistory]
    """Of each model that was ever trained: its versions with their figures, and every promotion and rollback."""


@router.get("", responses=declares(NoChampion, NoHistory, StillLoading))
async def list_models(
    request: Request,
    shelf: Shelved,
    caller: CardReader,
    language: Spoken,
    at: Annotated[AwareDatetime | None, Query(description="Which was live at this moment? Default: now.")] = None,
) -> ModelsTold:
    """The models that answer now, what each stands on, how good it was on later data, and which was live when."""
    pairs = shelf.standing.pairs
    then = request.app.state.wall_clock() if at is None else at.astimezone(UTC).replace(tzinfo=None)
    history = await to_thread.run_sync(histories, request.app.state.settings.home, then)
    if not pairs and not history:
        shelf.pair("win")
    live = [card_of(pairs[model].champion, language) for model in MODELS if model in pairs]
    return ModelsTold(models=live, history=history)
