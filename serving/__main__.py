"""The door of the top floor:  python -m serving --help."""

from features.doors import run, set_home
from serving.access.command_trail import with_trail
from serving.commands import app

if __name__ == "__main__":
    noted = with_trail(app)
    noted.callback()(set_home)
    run(noted)
