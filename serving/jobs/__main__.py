"""What does a job do in a process of its own? What `serving.jobs.apart`, which starts it, hands over."""

import os
import sys
from threading import Thread

from serving.jobs.apart import NICE, Task, do_task


def main() -> None:
    """Do the task on standard input; end at once when that ends, for then the parent is gone."""
    line = sys.stdin.readline()
    if not line.strip():
        sys.exit("This is started by the service; by hand: foresell jobs run NAME")
    Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICE)
    do_task(Task.model_validate_json(line))


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
