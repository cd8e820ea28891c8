r"""Backslash escapes of web servers' logs, undone.

Source: Apache mod_log_config ("\xhh … \" and \\"), nginx log_format (escape=default: \xHH).
"""

import re

_RUN = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+|\\[\"\\]")


def unescape(text: str) -> str:
    r"""``\"``, ``\\`` and ``\xHH`` as the characters they stand for. Bytes that are no UTF-8, and control characters,
    stay as they were written, so nothing unreadable enters a column."""
    return _RUN.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    run = match[0]
    if run[1] != "x":
        return run[1]
    try:
        text = bytes.fromhex(run.replace("\\x", "")).decode()
    except UnicodeDecodeError:
        return run
    return text if text.isprintable() else run
