"""A headless Chromium, driven by its DevTools protocol: what a page draws, logs and fetches."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = "chromium", "chromium-browser", "google-chrome", "chrome"
PATIENCE = 60.0  # seconds
DRAWN = "document.documentElement?.dataset.drawn === 'yes'"


class Browser:
    """A browser, connected."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._last = 0
        self.events: list[tuple[str, str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Call a method of the protocol and give its result; events that come between are kept."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        self._socket.send(json.dumps(message if session is None else message | {"sessionId": session}))
        while True:
            answer = json.loads(self._socket.recv(PATIENCE))
            if answer.get("id") == self._last:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            if "method" in answer:
                self.events.append((answer.get("sessionId", ""), answer["method"], answer["params"]))

    def open(self, address: str, until: str = DRAWN, **size: int) -> Tab:
        """Open an address in a tab and wait until an expression is true: until its first document is drawn."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session, target)
        for part in ("Runtime", "Log", "Network", "Page"):
            tab.call(f"{part}.enable")
        look = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        tab.call("Emulation.setDeviceMetricsOverride", **look | size)
        tab.call("Page.navigate", url=address)
        tab.wait(until)
        return tab


class Tab:
    """A page in a browser."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser, self._session, self._target = browser, session, target

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def call(self, method: str, **parameters: Any) -> Any:
        return self._browser.call(method, self._session, **parameters)

    def run(self, code: str) -> Any:
        """Give the value of an expression of JavaScript, a promise's when it is kept."""
        done = self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, (code, done["exceptionDetails"])
        return done["result"].get("value")

    def wait(self, code: str) -> Any:
        """Wait until an expression is true, and give it."""
        end = time.monotonic() + PATIENCE
        while not (found := self.run(code)):
            assert time.monotonic() < end, f"never true: {code}; {self.errors()}"
            time.sleep(0.02)
        return found

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """Press a key."""
        shared = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def mouse(self, kind: str, x: float, y: float, clicks: int = 1) -> None:
        """Move the mouse, or press or release it."""
        button = "none" if kind == "mouseMoved" else "left"
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=clicks)

    def box(self, selector: str) -> dict[str, float]:
        """Give where an element is, once it is in view."""
        return self.run(
            f"(() => {{ const e = document.querySelector({selector!r});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const {x, y, width, height} = e.getBoundingClientRect(); return {x, y, width, height}; })()"
        )

    def _events(self, method: str) -> Iterator[Any]:
        self.run("1")  # what happened before is told before
        return (event for session, name, event in self._browser.events if session == self._session and name == method)

    def errors(self) -> list[str]:
        """Give what was logged and thrown, refusals of the page's policy among them."""
        thrown = [str(event["exceptionDetails"]) for event in self._events("Runtime.exceptionThrown")]
        logged = [str(event["entry"]) for event in self._events("Log.entryAdded")]
        return thrown + logged + [str(event["args"]) for event in self._events("Runtime.consoleAPICalled")]

    def requests(self) -> list[str]:
        """Give the addresses of what was asked for, data in the page itself left out."""
        asked = [event["request"]["url"] for event in self._events("Network.requestWillBeSent")]
        return [address for address in asked if not address.startswith("data:")]


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Start a browser that keeps what it keeps in a folder."""
    from websockets.sync.client import connect

    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"there is no Chromium: none of {', '.join(NAMES)} is on the path")
    command = [program, "--headless", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0", "about:blank"]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    command.insert(1, f"--user-data-dir={folder}")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        lines = iter(process.stderr.readline, "")
        address = next(filter(None, (re.search(r"listening on (ws://\S+)", line) for line in lines)), None)
        if address is None:
            pytest.skip("Chromium does not start here")
        with connect(address[1], max_size=None) as socket:
            yield Browser(socket)
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()
