"""The door of the top floor:  python -m serving --help."""

from features.doors import run, set_home
from serving.commands import app

if __name__ == "__main__":
    app.callback()(set_home)
    run(app)
