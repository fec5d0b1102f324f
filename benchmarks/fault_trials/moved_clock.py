"""A service whose clock is moved by a file: `python -m benchmarks.fault_trials.moved_clock HOME PORT FILE`.

The file holds seconds by which its clock is ahead of the machine's; it is read every time anybody asks for the time.
"""

import socket
import sys
from datetime import datetime, timedelta
from pathlib import Path

from serving.app import create_app
from serving.present import utc_now
from serving.settings import read_settings
from serving.telemetry.request_log import log_json_lines
from serving.wire.connections import server_of


def main() -> None:
    """Serve until told to stop."""
    home, port, file = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])

    def clock() -> datetime:
        return utc_now() + timedelta(seconds=float(file.read_text()))

    settings = read_settings(home=home)
    log_json_lines(settings.log_level)
    app = create_app(settings, clock, wall_clock=clock, jobs=True)
    with socket.create_server(("127.0.0.1", port)) as listens:
        server_of(app, settings).run([listens])


if __name__ == "__main__":
    main()
