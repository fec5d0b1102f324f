"""The door of the first floor:  python -m training --help."""

from features.doors import run, set_home
from training.commands import app

if __name__ == "__main__":
    app.callback()(set_home)
    run(app)
