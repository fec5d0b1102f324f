"""The door of the ground floor:  python -m features --help."""

from features.commands import app
from features.doors import run, set_home

if __name__ == "__main__":
    app.callback()(set_home)
    run(app)
