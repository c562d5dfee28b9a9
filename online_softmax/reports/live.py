"""A page that goes on with its run: served to browsers on this machine, and gone with the run."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Any

from online_softmax.drawing import html_page, page_json

Document = dict[str, Any]

PATIENCE = 0.5  # seconds between two documents, at least
SHARE = 0.05  # of a run's time that may go into documents
GRACE = 1.0  # seconds that listeners have at the end to take the last document
SILENCE = 10.0  # seconds without a word, after which a listener is told that the run still goes on
REASONS = {
    403: "only this machine's own pages may ask: open {url}",
    404: "there is one page here: {url}",
    405: "only GET is answered",
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


class LivePage:
    """The page of a run, served on 127.0.0.1 in a `with` block, for as long as the block lasts.

    Parameters
    ----------
    port
        Where to serve; 0 takes any port that is free.
    conditions
        What to show before there is a first document.

    Attributes
    ----------
    url
        What to open in a browser.

    Examples
    --------
    >>> from urllib.request import urlopen
    >>> from online_softmax.reports import LivePage

    >>> with LivePage(conditions={"source": "image_segments"}) as live:
    ...     live.look(lambda: {"conditions": {"source": "image_segments"}, "runs": {}, "comparison": None})
    ...     with urlopen(live.url) as page:
    ...         page.read(15)
    b'<!doctype html>'

    """

    def __init__(self, port: int = 0, conditions: Mapping[str, Any] | None = None) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"port must be between 0 and 65535, got {port}")
        self.port = port
        self._newest = Newest({"conditions": dict(conditions or {}), "runs": {}, "comparison": None})
        self._server: Server | None = None
        self._due: Callable[[], Document] | None = None
        self._next = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> LivePage:
        html_page(self._newest.document, is_live=True)  # what it lacks, it lacks before the run
        try:
            self._server = Server(self.port, self._newest)
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be served ({error.strerror})"
            raise OSError(
                error.errno, f"port {self.port} {reason}: give another one, or 0 for any that is free"
            ) from None
        self.port = self._server.server_port
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._due is not None:
            with contextlib.suppress(Exception):  # after an error, the run may have nothing more to say
                self._newest.put(self._due())
        self._newest.end()
        if self._server is not None:
            self._server.stop()

    def look(self, document: Callable[[], Document]) -> None:
        """Take the document as it is now and show it, unless the last one is too recent: then it is taken later.

        Parameters
        ----------
        document
            A function that returns what pages draw, as `Result.document` does.
        """
        now = monotonic()
        self._due = document
        if now < self._next:
            return
        self._newest.put(document())
        self._due = None
        end = monotonic()
        self._next = end + max(PATIENCE, (end - now) / SHARE)


class Newest:
    """The newest document, which listeners wait for. Those that are slow miss the ones between."""

    def __init__(self, document: Document) -> None:
        self.document, self.has_ended = document, False
        self._version = 0
        self._json: tuple[int, bytes] | None = None
        self._changed = Condition()
        self._encoding = Lock()

    def put(self, document: Document) -> None:
        """Take a newer document."""
        with self._changed:
            self.document = document
            self._version += 1
            self._changed.notify_all()

    def end(self) -> None:
        """Tell the listeners that no other document will come."""
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    def after(self, seen: int, timeout: float) -> tuple[int, bytes | None, bool]:
        """Wait for a version after `seen`: return it, its JSON if it is newer, and whether it is the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > seen or self.has_ended, timeout)
            if self._version == seen:
                return seen, None, self.has_ended
        with self._encoding:  # one listener makes the JSON for all
            with self._changed:
                version, document, has_ended = self._version, self.document, self.has_ended
            if self._json is None or self._json[0] != version:
                self._json = version, page_json(document).encode("ascii")
            return version, self._json[1], has_ended


class Server(ThreadingHTTPServer):
    """A server of one page and its events, that knows its connections so that it can end them."""

    daemon_threads = True
    request_queue_size = 128  # browsers that come at once, while the run has the processor

    def __init__(self, port: int, newest: Newest) -> None:
        super().__init__(("127.0.0.1", port), Answer)
        self.newest = newest
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}
        if self.server_port == 80:
            self.hosts |= {"127.0.0.1", "localhost"}
        self._open: dict[socket.socket, Thread] = {}
        self._closed = Condition()
        self._loop = Thread(target=self.serve_forever, args=(0.05,), name="live page", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._loop.start()

    def stop(self) -> None:
        """Answer nobody any more: connections have a moment to take the last document, then they are cut."""
        self.shutdown()
        self._loop.join()
        self.socket.close()
        with self._closed:
            self._closed.wait_for(lambda: not self._open, GRACE)
            left = list(self._open.items())
        for connection, _ in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in left:
            thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._closed:
            self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._closed:
            self._open.pop(request, None)
            self._closed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Forget a connection that broke; a browser may leave when it likes."""


class Answer(BaseHTTPRequestHandler):
    """The answer to one request."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 10.0  # seconds for a listener to say or take something

    def do_GET(self) -> None:
        self.close_connection = True
        origins = {f"http://{host}" for host in self.server.hosts}
        if self.headers.get_all("Host", []) not in [[host] for host in self.server.hosts] or not (
            origins.issuperset(self.headers.get_all("Origin", []))
        ):
            self.send_error(403)
        elif self.path == "/":
            page = html_page(self.server.newest.document, is_live=True).encode()
            self._send(200, "text/html; charset=utf-8", page)
        elif self.path == "/events":
            self._send_events()
        else:
            self.send_error(404)

    def _send_events(self) -> None:
        self._send(200, "text/event-stream")
        seen = -1
        has_ended = False
        while not has_ended:
            seen, content, has_ended = self.server.newest.after(seen, SILENCE)
            self.wfile.write(
                b": the run goes on\n\n" if content is None else b"event: document\ndata: %b\n\n" % content
            )
        self.wfile.write(b"event: end\ndata: \n\n")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse in one plain sentence."""
        self.close_connection = True
        code = 405 if code == 501 else code
        url = f"http://127.0.0.1:{self.server.server_port}/"
        reason = REASONS.get(code, "this is no request that can be answered").format(url=url)
        self._send(code, "text/plain; charset=utf-8", f"{reason}\n".encode())

    def _send(self, code: int, kind: str, content: bytes | None = None) -> None:
        self.send_response_only(code)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if code == 405:
            self.send_header("Allow", "GET")
        self.send_header("Content-Type", kind)
        if content is not None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if content is not None and self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        """Say nothing: the terminal is the run's."""
