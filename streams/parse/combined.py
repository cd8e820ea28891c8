"""Format ``combined``: a line of an Apache or nginx access log.

Source: Apache mod_log_config: combined, ``"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\""``; common,
which ends behind %b; vhost_combined, which begins with ``%v:%p``.
"""

import re

from streams.outcome import Dead, Reason
from streams.parse.escapes import unescape
from streams.parse.line_time import LEAD, ODD_LEAD, line_time, odd_time
from streams.parse.request import is_static, split_request
from streams.parse.result import Empty, Headers, Parsed, Parser
from streams.records import ParsedEvent

MAX_LINE = 1 << 16
MAX_EXTRA = 32

_QUOTED = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_VHOST = r"(?:([A-Za-z0-9._-]++|\[[0-9A-Fa-f:.]++\]):([0-9]{1,5}) (?=[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*+ ))?"
"""The site's name and port: what looks like it, where an address follows."""
_REST = (
    rf" {_QUOTED} ([0-9]{{3}}) ([0-9]{{1,20}}|-)"
    rf"(?: {_QUOTED} {_QUOTED}"
    r'((?: ++(?:[^ "]++|"(?:[^"\\]++|\\.)*+")++)*+))?\s*+'
)
_LINE = re.compile(_VHOST + LEAD + _REST, re.DOTALL)
_ODD_LINE = re.compile(_VHOST + ODD_LEAD + _REST, re.DOTALL)
_EXTRA = re.compile(rf" {_QUOTED}(?= |$)", re.DOTALL)
_ODD_TIME = re.compile(r'[^ "]+ [^ "]+ [^"]*?\[[^\[\]"]*+\] "')


def make_combined(max_bytes: int = MAX_LINE) -> Parser:
    """A parser of log lines: one event a line, ``page_view`` or ``request``.

    * ``page_view`` when the method is GET, the status below 400 and the path no static asset; all else is ``request``,
      also a request that has no form (``-``, TLS bytes), whose ``page_url`` is empty.
    * ``page_url`` is the request's target as sent: there is no host in the line, and escapes of the URL stay.
    * ``properties``: http_method, http_status, http_bytes (absent for ``-``), extra_1 … for the quoted fields after the
      user agent. Unquoted fields after it, and the user's name (%u), are not kept.
    * **ip and useragent keep** ``-``: it counts as a value for the visitor. The column is empty there, which is the
      anonymize stage's part. The referrer ``-`` is empty here.
    * Bytes that are no UTF-8 are read as ``\\xHH``, as Apache and nginx themselves write them; a NUL is dead
      (encoding).
    * A line without referrer and user agent (common) is an event without either. With the site's name in front
      (vhost) ``page_url`` is absolute, https where the port is 443, else http.
    * Strict: an open quote, a referrer without a user agent, or other text is dead.

    ``max_bytes`` is the longest line read.
    """

    def parse(value: bytes, headers: Headers) -> Parsed:
        if len(value) > max_bytes:
            return Dead(Reason.TOO_LARGE, f"{len(value)} bytes")
        line = value.decode("utf-8", "backslashreplace")
        match, read_time = _LINE.fullmatch(line), line_time
        if match is None:
            match, read_time = _ODD_LINE.fullmatch(line), odd_time
        if match is None or "\0" in line:
            return _why_not(line)
        vhost, port, ip, time, request, status, size, referrer, useragent, extra = match.groups(default="")
        tstamp = read_time(time)
        if tstamp is None:
            return Dead(Reason.TIME_UNREADABLE, time)
        if "\\" in line:
            request, referrer, useragent = unescape(request), unescape(referrer), unescape(useragent)
        method, target = split_request(request)
        properties = {"http_method": method, "http_status": status}
        if size != "-":
            properties["http_bytes"] = size
        if extra:
            properties.update(_extras(extra))
        is_page = method == "GET" and status < "400" and not is_static(target)
        event = "page_view" if is_page else "request"
        if vhost and target[:1] == "/":
            target = f"{'https' if port == '443' else 'http'}://{vhost}{target}"
        return [
            ParsedEvent(
                app_id=headers.get("app_id", ""),
                event=event,
                event_name=event,
                event_id=headers.get("event_id", ""),
                collector_tstamp=tstamp,
                ip=ip,
                useragent=useragent,
                page_url=target,
                page_referrer="" if referrer == "-" else referrer,
                properties=properties,
            )
        ]

    return parse


def _extras(rest: str) -> dict[str, str]:
    fields = _EXTRA.findall(rest)[:MAX_EXTRA]
    return {f"extra_{n}": unescape(field) for n, field in enumerate(fields, 1) if field != "-"}


def _why_not(line: str) -> Dead | Empty:
    if not line or line.isspace():
        return Empty(Reason.BLANK)
    if "\0" in line:
        return Dead(Reason.ENCODING, "NUL")
    if _ODD_TIME.match(line) and not re.match(LEAD, line, re.DOTALL):
        return Dead(Reason.TIME_UNREADABLE, line[:200])
    return Dead(Reason.SYNTAX, line[:200])
