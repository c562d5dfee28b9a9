"""Reading ahead changes when a chunk is read, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from online_softmax import SoftmaxRegression, progressive_validation
from online_softmax.streams.ahead import ahead


def readers():
    return [thread for thread in threading.enumerate() if thread.name == "online-softmax-reader"]


def test_the_next_chunk_is_read_while_this_one_is_used_and_no_more():
    taken = []
    chunks = ahead(taken.append(i) or i for i in range(100))

    assert next(chunks) == 0
    time.sleep(0.2)
    assert 2 <= len(taken) <= 3
    assert [*chunks] == list(range(1, 100))
    assert not readers()


def test_an_error_comes_in_its_place():
    def source():
        yield 1
        raise ValueError("after one")

    chunks = ahead(source())
    assert next(chunks) == 1
    with pytest.raises(ValueError, match="after one"):
        next(chunks)
    assert not readers()


def test_closing_ends_the_thread_and_the_source():
    closed = []

    def source():
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    chunks = ahead(source())
    next(chunks)
    chunks.close()
    assert closed
    assert not readers()


def test_a_model_that_raises_leaves_no_thread(tmp_path):
    class Interrupted(SoftmaxRegression):
        def _progress(self, rows):
            raise KeyboardInterrupt

    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "1,u\n2,v\n" * 500_000)
    with pytest.raises(KeyboardInterrupt):
        progressive_validation(path, Interrupted(), target="y")
    assert not readers()


def test_limit_leaves_no_thread(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "1,u\n2,v\n" * 500_000)

    assert progressive_validation(path, SoftmaxRegression(), target="y", limit=10).n_samples == 10
    assert not readers()


@pytest.mark.slow
def test_ctrl_c_while_standard_input_is_silent():
    command = [sys.executable, "-u", "-m", "online_softmax", "evaluate", "-", "--target", "y", "--model", "SGD"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        process.stdin.write(b"a,y\n" + b"1,u\n2,v\n" * 1000)
        process.stdin.flush()
        for _ in range(3):  # the head of the table, and the first figures
            process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 130
        assert b"interrupted after" in process.stderr.read()
