"""Waiting for something to become true, with an end."""

import time
from collections.abc import Callable


def wait_until(true: Callable[[], object], seconds: float, what: str) -> None:
    """Look again and again; fail after ``seconds`` naming ``what``."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
