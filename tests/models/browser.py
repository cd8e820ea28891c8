"""Debian's Chromium, headless, driven through a pipe by its own protocol.

Source: https://chromedevtools.github.io/devtools-protocol
"""

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Message = dict[str, Any]
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-extensions --remote-debugging-pipe"
).split()
BROWSER = shutil.which("chromium")


class Tab:
    """One page of a running browser; remembers what it asked of the network and what it complained about."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._buffer, self._last = b"", 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Message:
        """Ask the browser and wait for its answer; events on the way are kept."""
        self._last += 1
        message: Message = {"id": self._last, "method": method, "params": params}
        if self._session and not method.startswith("Target."):
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._last:
            self._note(answer)
        assert "error" not in answer, answer
        result: Message = answer["result"]
        return result

    def show(self, page: Path, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Open a file as a screen of that size and colour scheme shows it, and wait until its charts are drawn."""
        self.resize(width, height)
        self.scheme(dark=dark)
        self.call("Page.navigate", url=page.as_uri())
        self.value("new Promise(done => document.readyState == 'complete' ? done(1) : addEventListener('load', done))")
        self.value(
            "new Promise(done => { const look = () => document.documentElement.dataset.drawn"
            " || !document.querySelector('.chart') ? done(1) : setTimeout(look, 20); look(); })"
        )

    def resize(self, width: int, height: int) -> None:
        """As if the window were turned or pulled."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700
        )

    def scheme(self, *, dark: bool) -> None:
        """What the person prefers."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def value(self, expression: str) -> Any:
        """Of a JavaScript expression; a promise is waited for."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def picture(self, file: Path) -> None:
        """The whole page as PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(data))

    def _read(self) -> Message:
        while b"\0" not in self._buffer:
            chunk = os.read(self._reading, 1 << 20)
            assert chunk, "the browser is gone"
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        decoded: Message = json.loads(message)
        return decoded

    def _note(self, event: Message) -> None:
        params, method = event.get("params", {}), event.get("method")
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning", "assert"}:
            self.complaints.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(str(params["entry"]))


def _high(descriptor: int) -> int:
    """The same pipe under a number that is not in the way of 3 and 4, which the browser reads and writes."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20)
    os.close(descriptor)
    return moved


@contextmanager
def open_browser(profile: Path) -> Iterator[Tab]:
    """A browser with an empty profile; it ends with the block."""
    assert BROWSER
    to_browser, from_us = map(_high, os.pipe())
    to_us, from_browser = map(_high, os.pipe())
    command = ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash", BROWSER, *_FLAGS]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        yield Tab(to_us, from_us)
    finally:
        process.terminate()
        process.wait(30)
        os.close(to_us)
        os.close(from_us)
