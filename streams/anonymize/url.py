"""URLs without what they carry of a person: query but for campaign parameters, fragment, user, session ids."""

from urllib.parse import unquote, urlsplit

import re2

from streams.anonymize.redact import redact, redact_names
from streams.clickid import CLICK_IDS
from streams.memo import remember

CAMPAIGN_PREFIX = "utm_"
"""Source: support.google.com/analytics/answer/10917952 (campaign parameters)."""

_SCHEME = re2.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_HIDDEN_SCHEME = re2.compile(r"^[A-Za-z][A-Za-z0-9+.-]*%(?:25)*3[aA]%(?:25)*2[fF]")
_HIDDEN_END = re2.compile(r"%(?:25)*(?:3[fF]|23)")
_PARAMETER = re2.compile(r"(?:;|%(?:25)*3[bB])[^/;=]*(?:=|%(?:25)*3[dD])[^/;]*")
_HOST = re2.compile(r"[\pL\pN._~%:\[\]-]*")
_NO_PATH = frozenset({"file", "data", "javascript", "blob", "filesystem", "view-source"})

Cut = tuple[str, str]
"""(URL, network whose click id its query held)."""


def _cut(url: str) -> Cut:
    """The URL that may be kept, or an empty one where it cannot be read; then the caller counts a removal."""
    try:
        return _cut_readable(url if url.isprintable() else "".join(filter(str.isprintable, url)))
    except ValueError:
        return "", ""


def _cut_readable(url: str) -> Cut:
    url = url.strip()
    if "%" in url and _HIDDEN_SCHEME.search(url):
        url = unquote(unquote(unquote(url)))
    rest, _, _ = url.partition("#")
    rest, _, query = rest.partition("?")
    campaign, network = _cut_query(query)
    base = _clean_base(rest)
    if not base and rest:
        return "", network
    return (f"{base}?{campaign}" if campaign else base), network


@remember
def _clean_base(base: str) -> str:
    head, path = _cut_base(base)
    # the host is a place, whoever asked for it; one that is encoded may hide anything
    return (redact(head) if "%" in head else redact_names(head)) + redact(path)


def _cut_base(base: str) -> tuple[str, str]:
    """(Scheme, host and port; path). Only ``scheme://`` and relative URLs have parts that can be told apart."""
    scheme, rest = "", base
    if (found := _SCHEME.match(base)) is not None:
        scheme = found.group(1).lower()
        rest = base[found.end() :]
        if not rest.startswith("//") or scheme in _NO_PATH:
            return f"{scheme}:", ""  # mailto:, data:, file: and the like are content, not places
        scheme += ":"
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        return f"{scheme}//{_cut_authority(authority)}", f"{slash}{_cut_path(path)}"
    return "", _cut_path(rest)


@remember
def _cut_authority(authority: str) -> str:
    """Host and port; raises ValueError where it is none."""
    host = authority.rpartition("@")[2]
    if _HOST.fullmatch(host) is None:
        raise ValueError("no host")
    _ = urlsplit(f"//{host}").port  # checks brackets and the port's range
    return host


def _cut_path(path: str) -> str:
    """An encoded ``?`` or ``#`` begins a query or fragment that some program will see."""
    if "%" in path and (hidden := _HIDDEN_END.search(path)) is not None:
        path = path[: hidden.start()]
    return cut_parameters(path)


def cut_parameters(path: str) -> str:
    """A path without its ``;name=value``: session ids ride there, and all else a query may hold.

    Source: RFC 3986 §3.3 (parameters of a path segment); RFC 2396 §3.3.
    """
    return _PARAMETER.sub("", path) if ";" in path or "%" in path else path


def _cut_query(query: str) -> Cut:
    if not query:
        return "", ""
    kept, network = [], ""
    for pair in query.replace(";", "&").split("&"):
        name, sign, value = pair.partition("=")
        name = name.lower()
        if name.startswith(CAMPAIGN_PREFIX):
            kept.append(f"{redact(name)}{sign}{redact(value)}")
        elif not network and value and name in CLICK_IDS:
            network = CLICK_IDS[name]
    return "&".join(kept), network


cut = remember(_cut)
