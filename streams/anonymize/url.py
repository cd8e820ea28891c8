"""URLs in parts, and which of them stay: campaign parameters, but no fragment, user, session ids or other query."""

import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import msgspec
import re2

from streams.anonymize.action import TextFunction
from streams.clickid import CLICK_IDS
from streams.memo import remember

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_HIDDEN_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*%(?:25)*3[aA]%(?:25)*2[fF]")
_ENTITY_AT = re.compile(r"&#(?:0*64|[xX]0*40);")
_HIDDEN_END = re.compile(r"%(?:25)*(?:3[fF]|23)")
_PARAMETER = re2.compile(r"(?:;|%(?:25)*3[bB])[^/;=]*(?:=|%(?:25)*3[dD])[^/;]*")
_HOST = re2.compile(r"[\pL\pN._~%:\[\]-]*")
_NO_PATH = frozenset({"file", "data", "javascript", "blob", "filesystem", "view-source"})

Base = tuple[str, str]
"""(Scheme, user, host and port; path) of a URL; of one without ``//`` the scheme, and all behind it."""
UrlFunction = Callable[[str], tuple[str, str]]
"""From a URL to (the URL as it may be kept, or an empty one; name of the network whose click id it held)."""


class UrlAction(msgspec.Struct, frozen=True):
    """What an action does to the parts of a URL. May raise what a TextAction may: then the URL goes."""

    base: Callable[[str, str], Base] | None = None
    query: TextFunction | None = None
    fragment: TextFunction | None = None
    network: TextFunction | None = None
    """The name of the network whose click id is in a query."""
    query_and_network: UrlFunction | None = None
    """Both of a query, from one look at it."""
    network_of_dropped: Callable[[str], str | None] | None = None
    """From one parameter, which leaves nothing in the query, to its network; None for one that may leave something."""


def hides_scheme(url: str) -> bool:
    """Whether a URL is encoded as a whole."""
    return "%" in url and _HIDDEN_SCHEME.search(url) is not None


def parts_of(url: str) -> tuple[str, str, str]:
    """(Base, query, fragment), as a browser would read them."""
    if not url.isprintable():
        url = "".join(filter(str.isprintable, url))
    url = url.strip()
    if "&#" in url:  # else its end would pass for a fragment, and half an e-mail address would stay
        url = _ENTITY_AT.sub("@", url)
    if hides_scheme(url):
        url = unquote(unquote(unquote(url)))
    rest, _, fragment = url.partition("#")
    base, _, query = rest.partition("?")
    return base.strip(), query.strip(), fragment.strip()


def split_base(base: str) -> Base:
    """Scheme, user, host and port; path. Only ``scheme://`` and relative URLs have parts that can be told apart."""
    scheme, rest = "", base
    if (found := _SCHEME.match(base)) is not None:
        rest = base[found.end() :]
        scheme = f"{found.group(1).lower()}:"
        if is_opaque(scheme, rest):
            return scheme, rest
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        return f"{scheme}//{authority}", f"{slash}{path}"
    return "", rest


def is_opaque(scheme: str, rest: str) -> bool:
    """Whether what stands behind a scheme is content and no place: of mailto:, data:, file: and the like."""
    return bool(scheme) and (not rest.startswith("//") or scheme[:-1] in _NO_PATH)


def cut_base(head: str, path: str) -> Base:
    """Without user, password and path parameters; of what is no place the scheme alone. ValueError: no host."""
    scheme, slashes, authority = head.partition("//")
    if scheme and (not slashes or scheme[:-1] in _NO_PATH):
        return scheme, ""
    return (f"{scheme}//{_cut_authority(authority)}" if slashes else head), _cut_path(path)


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


def network_of(query: str) -> str:
    """The network of the first click id in a query that has a value."""
    if not query.isascii():  # some letters have an ASCII letter in their lower case, and are none
        found = _CLICK.search(query)
        return CLICK_IDS[found.group(1).lower()] if found is not None else ""
    for parameter in query.lower().replace(";", "&").split("&"):
        name, _, value = parameter.partition("=")
        if name in CLICK_IDS and value:
            return CLICK_IDS[name]
    return ""


_CLICK = re.compile(rf"(?:^|[&;])({'|'.join(map(re.escape, CLICK_IDS))})=[^&;]", re.IGNORECASE | re.ASCII)
