"""Commands of the first floor: train, judge, predict, and the register of models."""

import typer

from training import judge_commands, predict_commands, score_commands, train_commands
from training.model_commands import models

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Train, judge and promote models:  python -m training --help"
)
for door in (train_commands.app, judge_commands.app, predict_commands.app, score_commands.app):
    app.registered_commands += door.registered_commands
app.add_typer(models, name="models")
