"""A file is written whole or not at all, and nothing is left beside it."""

from __future__ import annotations

import errno
import io
import os

import pytest

from online_softmax.storage.atomic import write


@pytest.fixture
def old(tmp_path):
    """Give the path of a file, beside which nothing may appear."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


@pytest.mark.parametrize("kind", [lambda path: path, str], ids=["path", "text"])
def test_a_file_takes_the_place_of_another(old, kind):
    write(kind(old), b"new")
    assert old.read_bytes() == b"new"
    write(kind(old.with_name("other")), b"")
    assert sorted(os.listdir(old.parent)) == ["file", "other"]


def test_a_link_stays_and_its_file_is_replaced(old):
    link = old.with_name("link")
    link.symlink_to(old)
    write(link, b"new")
    assert link.is_symlink()
    assert old.read_bytes() == b"new"


@pytest.mark.parametrize("call", ["open", "fsync", "replace", "fchmod"])
def test_a_call_that_fails_leaves_the_old_file(old, call, monkeypatch):
    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builtins.open" if call == "open" else f"os.{call}", fails)
    with pytest.raises(OSError, match=rf"No space left on device: '{old}'"):
        write(old, b"new")
    monkeypatch.undo()
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == ["file"]


def test_what_is_no_regular_file_is_refused(old):
    for path in (old.parent, "/dev/null"):
        with pytest.raises(OSError, match="not a regular file"):
            write(path, b"new")
    with pytest.raises(FileNotFoundError):
        write(old.parent / "no" / "file", b"new")


class Slow(io.RawIOBase):
    """A file that takes three bytes at a time."""

    def __init__(self):
        self.taken = b""

    def write(self, data):
        self.taken += data[:3]
        return len(data[:3])


class Full(io.RawIOBase):
    """A file that takes nothing."""

    def write(self, data):
        return 0


def test_an_open_file_gets_every_byte_and_stays_open():
    slow, buffer = Slow(), io.BytesIO()
    for file in (slow, buffer):
        write(file, b"0123456789")
        assert not file.closed
    assert slow.taken == buffer.getvalue() == b"0123456789"
    with pytest.raises(OSError, match="takes no more bytes"):
        write(Full(), b"new")
    for file in (io.StringIO(), None, 5):
        with pytest.raises(TypeError, match=r"^a model is saved to a path or a binary file, got "):
            write(file, b"new")


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_new_file_is_new_where_a_file_has_one_name(old, number, monkeypatch):
    def no_links(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.link", no_links)
    with pytest.raises(FileExistsError):
        write(old, b"new", new=True)
    write(old.with_name("other"), b"new", new=True)
    assert (old.read_bytes(), old.with_name("other").read_bytes()) == (b"old", b"new")
    assert sorted(os.listdir(old.parent)) == ["file", "other"]
