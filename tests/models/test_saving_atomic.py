"""Model files: whatever happens while one is written, the path holds the old one or the new one, whole."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from online_softmax import SoftmaxRegression
from online_softmax.models.saving import load, save, to_bytes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def old(tmp_path):
    """Give the path of a saved model, beside which nothing may appear."""
    path = tmp_path / "model"
    save(SoftmaxRegression(), path)
    return path


def is_as_it_was(path):
    return path.read_bytes() == to_bytes(SoftmaxRegression()) and os.listdir(path.parent) == [path.name]


NEW = SoftmaxRegression()
for i in range(30):
    NEW.learn_one({j: i % (j + 2) for j in range(30)}, i % 3)


def test_a_path_and_a_file_are_written_alike(old):
    NEW.save(old)
    assert old.read_bytes() == to_bytes(NEW)
    NEW.save(str(old))
    assert os.listdir(old.parent) == [old.name]
    file = io.BytesIO()
    NEW.save(file)
    assert not file.closed
    assert file.getvalue() == old.read_bytes()
    with open(old, "rb") as opened_file:
        assert load(opened_file).weights == load(str(old)).weights == load(old).weights == NEW.weights


def test_a_new_file_has_the_usual_rights_and_an_old_one_keeps_its_own(old):
    mask = os.umask(0o027)
    try:
        NEW.save(old.with_name("new"))
        old.chmod(0o604)
        NEW.save(old)
    finally:
        os.umask(mask)
    assert (old.with_name("new").stat().st_mode & 0o777, old.stat().st_mode & 0o777) == (0o640, 0o604)


def test_a_link_stays_a_link_to_the_new_file(old):
    link = old.with_name("link")
    link.symlink_to(old.name)
    NEW.save(link)
    assert link.is_symlink()
    assert old.read_bytes() == to_bytes(NEW)


class FullAfter(io.RawIOBase):
    """A file that takes `room` bytes, a few at a time, and then fails."""

    def __init__(self, room, stride=50):
        self.room, self.stride, self.taken = room, stride, b""

    def writable(self):
        return True

    def write(self, data):
        if len(self.taken) >= self.room:
            raise OSError(28, "No space left on device")
        part = bytes(data[: min(self.stride, self.room - len(self.taken))])
        self.taken += part
        return len(part)


@pytest.mark.parametrize("room", [0, 1, 8, 9, 500, 1000])
def test_a_file_that_fails_after_some_bytes_tells_so(room):
    with pytest.raises(OSError, match="No space left on device"):
        NEW.save(FullAfter(room))


def test_a_file_that_takes_bytes_in_parts_gets_them_all():
    file = FullAfter(10**9)
    NEW.save(file)
    assert file.taken == to_bytes(NEW)
    with pytest.raises(OSError, match="takes no more bytes"):
        NEW.save(FullAfter(10**9, stride=0))


def test_a_full_device_tells_so():
    with open("/dev/full", "wb", buffering=0) as file, pytest.raises(OSError, match="No space left on device"):
        NEW.save(file)


def test_what_cannot_be_replaced_is_refused(tmp_path):
    for path, error in [
        (tmp_path / "nowhere" / "model", FileNotFoundError),
        (tmp_path, OSError),
        (Path("/dev/null"), OSError),
        (tmp_path / ("x" * 300), OSError),
    ]:
        with pytest.raises(error, match=str(path)):
            NEW.save(path)
    assert Path("/dev/null").is_char_device()
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_a_limit_on_the_size_of_files_leaves_the_old_one(old):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match=f"File too large: '{old}'"):
            NEW.save(old)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert is_as_it_was(old)


@pytest.fixture
def mounted(tmp_path):
    """Mount a file system of 64 kB; give its path and a way to change how it is mounted."""

    def mount(*options):
        done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", tmp_path], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no right to mount: {done.stderr.strip()}")

    mount("-o", "size=64k")
    yield tmp_path, mount
    subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_leaves_the_old_file(mounted):
    path = mounted[0] / "model"
    save(SoftmaxRegression(), path)
    big = SoftmaxRegression()
    big.learn_one(dict.fromkeys(range(9000), 1.0), "y")
    for _ in range(3):  # the room of a failed save is given back
        with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
            big.save(path)
        assert is_as_it_was(path)
    NEW.save(path)
    assert path.read_bytes() == to_bytes(NEW)


def test_a_disk_that_cannot_be_written_leaves_the_old_file(mounted):
    path, mount = mounted[0] / "model", mounted[1]
    save(SoftmaxRegression(), path)
    mount("-o", "remount,ro")
    with pytest.raises(OSError, match=f"Read-only file system: '{path}'"):
        NEW.save(path)
    assert is_as_it_was(path)


def test_a_directory_without_the_right_to_write_leaves_the_old_file(old):
    old.parent.chmod(0o555)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        with pytest.raises(PermissionError, match=f"Permission denied: '{old}'"):
            NEW.save(old)
    finally:
        os.seteuid(user)
        old.parent.chmod(0o755)
    assert is_as_it_was(old)


@pytest.mark.slow
def test_a_killed_save_leaves_the_old_file_or_the_new_one():
    ran = subprocess.run(
        [sys.executable, "-m", "proofs.kill_saves", "--kills", "100"], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    done = json.loads(ran.stdout)
    assert sum(count for what, count in done.items() if what.endswith("file")) == 100


def test_without_safetensors_the_error_says_how_to_get_it():
    code = """if True:
        import io, sys
        sys.modules["safetensors"] = None
        from online_softmax import SoftmaxRegression
        from online_softmax.models.saving import load
        for call in (SoftmaxRegression().save, load):
            try:
                call(io.BytesIO(b"12345678"))
            except ImportError as error:
                print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("pip install 'online-softmax[models]'") == 2
