import gzip
import stat

import pytest

from rhov_core import sample_clips
from rhov_core.errors import InputError, MissingDependencyError
from rhov_core.sample_clips import cached_clip, sample_clip

CONTENT = b"not really a film, but its bytes" * 50


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A machine with an empty cache, without the package and without apt."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sample_clips, "INSTALLED", tmp_path / "installed")


def test_without_any_source_one_sentence_says_what_to_install():
    with pytest.raises(MissingDependencyError, match="sudo apt-get install opencv-doc"):
        sample_clip("box")
    assert cached_clip("box") is None


def test_installed_package_fills_the_cache(tmp_path):
    folder = tmp_path / "installed" / "opencv4" / "html"
    folder.mkdir(parents=True)
    (folder / "box.mp4.gz").write_bytes(gzip.compress(CONTENT))
    (folder / "cup.mp4").write_bytes(CONTENT[::-1])
    assert sample_clip("box") == tmp_path / "cache" / "rhov" / "clips" / "box.mp4"
    assert sample_clip("box").read_bytes() == CONTENT
    assert sample_clip("cup").read_bytes() == CONTENT[::-1]
    assert cached_clip("box") == sample_clip("box")


def test_damaged_archive_is_not_cached(tmp_path):
    folder = tmp_path / "installed"
    folder.mkdir()
    (folder / "box.mp4.gz").write_bytes(gzip.compress(CONTENT)[:-12])
    with pytest.raises(MissingDependencyError):
        sample_clip("box")
    assert cached_clip("box") is None


def program(folder, name, text):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_apt_that_knows_no_such_package_is_reported(tmp_path):
    program(tmp_path / "bin", "apt-get", "exit 100\n")
    with pytest.raises(MissingDependencyError):
        sample_clip("cup")


def test_apt_that_hangs_is_given_up(tmp_path, monkeypatch):
    program(tmp_path / "bin", "apt-get", "exec /bin/sleep 20\n")
    monkeypatch.setattr(sample_clips, "DOWNLOAD_TIMEOUT", 0.2)
    with pytest.raises(MissingDependencyError):
        sample_clip("cup")


def test_package_from_apt_is_unpacked(tmp_path, monkeypatch):
    """A stand-in for the network only: apt-get hands over a package of the real layout; the unpacking is real."""
    import shutil
    import tarfile

    monkeypatch.undo()
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb on this machine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sample_clips, "INSTALLED", tmp_path / "installed")
    folder = tmp_path / "root" / "usr" / "share" / "doc" / "opencv-doc" / "opencv4" / "html"
    folder.mkdir(parents=True)
    (folder / "box.mp4.gz").write_bytes(gzip.compress(CONTENT))
    with tarfile.open(tmp_path / "data.tar.gz", "w:gz") as data:
        data.add(tmp_path / "root", ".")
    (tmp_path / "control").write_text("Package: opencv-doc\n")
    with tarfile.open(tmp_path / "control.tar.gz", "w:gz") as control:
        control.add(tmp_path / "control", "./control")
    (tmp_path / "debian-binary").write_text("2.0\n")
    package = tmp_path / "opencv-doc_1_all.deb"
    with open(package, "wb") as out:
        out.write(b"!<arch>\n")
        for name in ("debian-binary", "control.tar.gz", "data.tar.gz"):
            content = (tmp_path / name).read_bytes()
            out.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode())
            out.write(content + b"\n" * (len(content) % 2))
    program(tmp_path / "bin", "apt-get", f'cp "{package}" .\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    assert sample_clip("box").read_bytes() == CONTENT


def test_unknown_clip_is_refused():
    with pytest.raises(InputError, match="box or cup"):
        sample_clip("mug")
