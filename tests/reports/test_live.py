"""The live page: whom it answers, what it pushes, and that it is gone with its run."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from itertools import pairwise
from urllib.request import urlopen

import pytest

from online_softmax import AutoSoftmaxRegression, progressive_validation
from online_softmax.drawing import page_json
from online_softmax.reports import LivePage
from online_softmax.reports import live as live_module
from tests.browser import chromium

pytest.importorskip("vl_convert")


def document(n=0):
    return {"conditions": {"n": n}, "runs": {}, "comparison": None}


def ask(live, method="GET", path="/", **headers):
    """Give the status, the headers and the text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


class Listener:
    """A browser's stream of events, read in a thread until it ends."""

    def __init__(self, live):
        self.events = []
        self._stream = urlopen(f"{live.url}events", timeout=30)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        with self._stream:
            kind = None
            for line in self._stream:
                name, _, value = line.decode().strip().partition(": ")
                if name == "event":
                    kind = value
                elif name in ("data", "data:") and kind:
                    self.events.append(
                        (kind, dict(json.loads(value)["conditions"]).get("n") if kind == "document" else None)
                    )

    def join(self):
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.events


def until(is_so):
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_page_is_served_and_kept_by_nobody():
    with LivePage(conditions={"source": "a<b>"}) as live:
        status, headers, text = ask(live)
        assert status == 200
        assert text.startswith("<!doctype html>")
        assert 'data-state="live"' in text
        assert "a\\u003cb\\u003e" in text
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in headers
        assert ask(live, Host=f"localhost:{live.port}")[0] == 200
        assert ask(live, Origin=f"http://localhost:{live.port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "FETCH"])
@pytest.mark.parametrize("path", ["/", "/events"])
def test_it_answers_only_get(method, path):
    with LivePage() as live:
        status, headers, _ = ask(live, method, path)
        assert (status, headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("path", ["/", "/events"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "example.com"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": ""},
        {"Host": "localhost.example.com"},
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "https://127.0.0.1:{port}"},
    ],
)
def test_other_hosts_and_origins_are_refused(path, headers):
    with LivePage() as live:
        headers = {name: value.format(port=live.port) for name, value in headers.items()}
        status, answered, text = ask(live, path=path, **headers)
        assert status == 403
        assert live.url in text
        assert "Access-Control-Allow-Origin" not in answered


@pytest.mark.parametrize("path", ["/favicon.ico", "/../etc/passwd", "/events/", "/?x", "/index.html", "*"])
def test_there_are_no_other_places(path):
    with LivePage() as live:
        assert ask(live, path=path)[0] == 404


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.0\r\n\r\n", b"GET /\r\n\r\n", b"\0\r\n\r\n", b"GET /" + b"a" * 70_000])
def test_requests_that_are_none_are_refused(sent):
    with LivePage() as live, socket.create_connection(("127.0.0.1", live.port), 10) as connection:
        connection.sendall(sent + b"\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert b"<!doctype" not in connection.recv(100_000)
        assert ask(live)[0] == 200


def test_two_hosts_in_one_request_are_refused():
    with LivePage() as live, socket.create_connection(("127.0.0.1", live.port), 10) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nHost: example.com\r\n\r\n".encode())
        assert b" 403 " in connection.recv(100)


def test_two_origins_in_one_request_are_refused():
    with LivePage() as live, socket.create_connection(("127.0.0.1", live.port)) as connection:
        host = f"127.0.0.1:{live.port}"
        lines = "GET / HTTP/1.1", f"Host: {host}", f"Origin: http://{host}", "Origin: http://example.com", "", ""
        connection.sendall("\r\n".join(lines).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")


def test_a_document_becomes_json_once_for_all_listeners(monkeypatch):
    made = []
    monkeypatch.setattr(live_module, "page_json", lambda document: made.append(document) or page_json(document))
    with LivePage() as live:
        listeners = [Listener(live) for _ in range(20)]
        for listener in listeners:
            until(lambda listener=listener: listener.events)
        assert len(made) == 1
    for listener in listeners:
        listener.join()


def test_only_this_machine_can_reach_it():
    with LivePage() as live:
        assert live._server.server_address[0] == "127.0.0.1"
        assert live.url == f"http://127.0.0.1:{live.port}/"


def test_listeners_get_the_newest_document_and_the_end():
    with LivePage() as live:
        listeners = [Listener(live), Listener(live)]
        until(lambda: all(one.events for one in listeners))
        live.look(lambda: document(1))
        until(lambda: all(one.events[-1] == ("document", 1) for one in listeners))
        for n in range(2, 1000):
            live.look(lambda n=n: document(n))
    for one in listeners:
        assert one.join()[-2:] == [("document", 999), ("end", None)]
        assert len(one.events) < 10


def test_documents_are_taken_twice_a_second_at_most(monkeypatch):
    now, taken = [100.0], []
    monkeypatch.setattr("online_softmax.reports.live.monotonic", lambda: now[0])
    with LivePage() as live:
        for _ in range(100):
            live.look(lambda: taken.append(now[0]) or document())
            now[0] += 0.125
        assert len(taken) == 25
        assert min(later - earlier for earlier, later in pairwise(taken)) == 0.5


def test_documents_take_a_small_part_of_the_time(monkeypatch):
    now, taken = [100.0], []
    monkeypatch.setattr("online_softmax.reports.live.monotonic", lambda: now[0])

    def slow():
        taken.append(now[0])
        now[0] += 2.0
        return document()

    with LivePage() as live:
        while now[0] < 500:
            live.look(slow)
            now[0] += 0.1
        assert len(taken) * 2.0 <= 0.06 * 400


def test_a_listener_that_takes_nothing_slows_nobody():
    big = document() | {"conditions": {f"name {i}": "x" * 80 for i in range(500)}}
    with LivePage() as live:
        with socket.create_connection(("127.0.0.1", live.port), 10) as deaf:
            deaf.sendall(f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n\r\n".encode())
            listener = Listener(live)
            start = time.monotonic()
            for _ in range(300):
                live._next = 0.0
                live.look(lambda: big | {"conditions": {"n": 0, **big["conditions"]}})
            assert time.monotonic() - start < 2.0
            live._next = 0.0
            live.look(lambda: document(7))
            until(lambda: ("document", 7) in listener.events)
            start = time.monotonic()
            live.__exit__()
            assert time.monotonic() - start < 3.0
        listener.join()


@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_it_ends_with_its_run(error):
    before = threading.active_count()
    with contextlib.suppress(ZeroDivisionError, KeyboardInterrupt), LivePage() as live:
        listener = Listener(live)
        idle = socket.create_connection(("127.0.0.1", live.port))
        live.look(lambda: document(1))
        if error:
            raise error
    assert listener.join()[-1] == ("end", None)
    idle.close()
    assert threading.active_count() == before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", live.port))
    with LivePage(live.port) as again:
        assert ask(again)[0] == 200


def test_a_document_that_fails_at_the_end_hides_no_error():
    def fail():
        raise RuntimeError("nothing more to say")

    def run():
        with LivePage() as live:
            live.look(document)
            live.look(fail)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"^.*port {port} is in use: give another one, or 0 for any that is free"):
            LivePage(port).__enter__()


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_cannot_be_is_named(port):
    with pytest.raises(ValueError, match=f"port must be between 0 and 65535, got {port}"):
        LivePage(port)


@pytest.mark.slow
def test_a_browser_sees_the_run_go_on_and_end(tmp_path):
    with chromium(tmp_path) as browser:
        with LivePage(conditions={"source": "image_segments"}) as live:
            tab = browser.open(live.url)
            assert "No rows yet" in tab.run("document.body.innerText")
            for limit in (1000, 2310):
                result = progressive_validation("image_segments", AutoSoftmaxRegression(), limit=limit)
                time.sleep(0.5)
                live.look(lambda result=result: result.document(source="image_segments"))
                tab.wait(f"document.getElementById('subtitle').innerText.includes('{limit:,} rows')")
                tab.wait("document.querySelectorAll('#loss .plot svg').length === 1")
                tab.wait("document.documentElement.dataset.drawn === 'yes'")
            assert "live" in tab.run("document.getElementById('state').innerText")
        tab.wait("document.getElementById('state').innerText.includes('the run has ended')")
        asked = len(tab.requests())
        time.sleep(1.5)
        assert tab.requests()[:asked] == tab.requests() == [live.url, f"{live.url}events"]
        assert tab.run("document.querySelectorAll('#loss .plot svg').length") == 1
        assert tab.errors() == []
