"""Real clips of a hand with an object: OpenCV's sample data, from the Debian and Ubuntu package `opencv-doc`.

They are looked for in the cache, then on this machine, then fetched with `apt-get download`, which needs no root.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO

from rhov_core.errors import InputError, MissingDependencyError
from rhov_core.files import atomic_path

PACKAGE = "opencv-doc"
CLIPS = ("box", "cup")
INSTALLED = Path("/usr/share/doc/opencv-doc")
DOWNLOAD_TIMEOUT = 600.0
"""[s] for about 100 MB."""
UNPACK_TIMEOUT = 120.0


def cache_directory() -> Path:
    """Where RHOV keeps what it has fetched: `$XDG_CACHE_HOME/rhov` or `~/.cache/rhov`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "rhov"


def cached_clip(name: str) -> Path | None:
    """The path of a sample clip if it is in the cache already."""
    path = cache_directory() / "clips" / f"{name}.mp4"
    return path if path.is_file() and path.stat().st_size > 0 else None


def sample_clip(name: str) -> Path:
    """The path of a sample clip, fetched on first use.

    Args:
        name: "box" (455 frames, a hand turns a textured box of 25.8 x 18.9 x 7.5 cm) or "cup" (217 frames).

    Raises:
        InputError: If there is no clip of this name.
        MissingDependencyError: If it is neither in the cache nor on this machine and cannot be fetched.
    """
    if name not in CLIPS:
        raise InputError(f"'{name}' is no sample clip", " or ".join(CLIPS), "correct the name")
    for fill in (_fill_cache_from_installed, _fill_cache_from_apt):
        if cached_clip(name) is None:
            # No apt, no network, no such package, a damaged archive: all the same to the caller.
            with suppress(OSError, EOFError, zlib.error, subprocess.SubprocessError, tarfile.TarError):
                fill()
    found = cached_clip(name)
    if found is None:
        raise MissingDependencyError(PACKAGE, f"the sample clip '{name}'", f"sudo apt-get install {PACKAGE}")
    return found


def _store(name: str, content: IO[bytes], compressed: bool) -> None:
    with atomic_path(cache_directory() / "clips" / f"{name}.mp4") as partial, open(partial, "wb") as out:
        shutil.copyfileobj(gzip.GzipFile(fileobj=content) if compressed else content, out)


def _clip_of(file_name: str) -> tuple[str, bool] | None:
    """Which clip a file holds and whether it is compressed."""
    for name in CLIPS:
        if file_name in (f"{name}.mp4", f"{name}.mp4.gz"):
            return name, file_name.endswith(".gz")
    return None


def _fill_cache_from_installed() -> None:
    for path in sorted(INSTALLED.rglob("*.mp4*")):
        if clip := _clip_of(path.name):
            with open(path, "rb") as content:
                _store(clip[0], content, clip[1])


def _fill_cache_from_apt() -> None:
    with tempfile.TemporaryDirectory(prefix="rhov-clips-") as folder:
        subprocess.run(
            ["apt-get", "-q", "download", PACKAGE],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DOWNLOAD_TIMEOUT,
            check=True,
        )
        for package in Path(folder).glob("*.deb"):
            archive = Path(folder) / "files.tar"
            with open(archive, "wb") as out:
                subprocess.run(
                    ["dpkg-deb", "--fsys-tarfile", str(package)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.DEVNULL,
                    timeout=UNPACK_TIMEOUT,
                    check=True,
                )
            _fill_cache_from_tar(archive)


def _fill_cache_from_tar(archive: Path) -> None:
    with tarfile.open(archive) as files:
        for member in files:
            clip = _clip_of(Path(member.name).name) if member.isfile() else None
            content = files.extractfile(member) if clip else None
            if clip and content:
                _store(clip[0], content, clip[1])
