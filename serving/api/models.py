"""Models over HTTP: what is live, and how good it was."""

from fastapi import APIRouter

from features.history import NoHistory
from serving.answers import ModelsServed
from serving.dependencies import Documented, Reader, Shelved, Spoken
from serving.errors import NoChampion, StillLoading
from serving.model_card import card_of
from serving.problems import declares

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Documented])


@router.get("", responses=declares(NoChampion, NoHistory, StillLoading))
def list_models(shelf: Shelved, caller: Reader, language: Spoken) -> ModelsServed:
    """The models that answer now, what each stands on, and how good it was on later data."""
    return ModelsServed(models=[card_of(shelf.pair().champion, language)])
