"""How can a disk be full or turn read-only, on a machine that must not notice? A small file system in a file.

It takes root on Linux: a loop device with ext4, mounted for the time of the trial. A read-only disk is the kernel's
own: told of damage, ext4 refuses every write from then on, those to files already open too.
"""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PATIENCE = 15.0
TOOLS = ("mkfs.ext4", "mount", "umount", "losetup")


class Disk:
    """A disk of its own at a folder, of so many MB."""

    def __init__(self, image: Path, folder: Path, megabytes: int) -> None:
        self.image, self.folder = image, folder
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(megabytes * 1_000_000)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
        self.mount()

    def mount(self) -> None:
        """Put it in place, writable."""
        _run("mount", "-o", "loop,errors=remount-ro", str(self.image), str(self.folder))

    def unmount(self) -> None:
        """Take it away; who still has a file of it open is waited for."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return _run("umount", str(self.folder))
            except subprocess.CalledProcessError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def fill(self) -> None:
        """Leave no byte."""
        with (self.folder / "filler").open("wb", buffering=0) as file:
            for piece in (1 << 20, 4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(b"\0" * piece)

    def empty(self) -> None:
        """Give the room back."""
        (self.folder / "filler").unlink()

    def turn_read_only(self) -> None:
        """Let the kernel believe that it is damaged."""
        os.sync()
        device = Path(self._device()).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")

    def mend(self) -> None:
        """Check and mount it again, as one does after such a fault; nobody may use it."""
        self.unmount()
        subprocess.run(["e2fsck", "-f", "-y", str(self.image)], capture_output=True, check=False)
        self.mount()

    def _device(self) -> str:
        for line in Path("/proc/mounts").read_text().splitlines():
            device, place, *_ = line.split()
            if place == str(self.folder):
                return device
        raise RuntimeError(f"{self.folder} is not mounted")


def why_none(folder: Path) -> str | None:
    """Why there can be no disk of one's own here; None where there can."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    if os.geteuid() != 0:
        return "needs root, to mount a small file system"
    try:
        tried = Disk(folder / "tried.img", folder / "tried", 8)
        tried.unmount()
    except (OSError, subprocess.CalledProcessError) as refused:
        said = getattr(refused, "stderr", None) or str(refused)
        return f"cannot mount a small file system: {said.strip()}"
    return None


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)
