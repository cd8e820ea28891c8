"""URLs in parts, and which of them stay: campaign parameters, but no fragment, user, session ids or other query."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote, urlsplit

import msgspec
import re2

from streams.anonymize.action import FAILURES, TextFunction
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
UNREADABLE = ("", "")


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


def make_url(actions: Sequence[UrlAction]) -> UrlFunction:
    """The actions, one after another, on each part; the URL is taken apart once. Fails closed: an empty URL.

    Bases are remembered, and URLs that are no more than one; a whole query seldom comes again.
    """
    base_of = _memoized([action.base for action in actions if action.base is not None])
    fragments = [action.fragment for action in actions if action.fragment is not None]
    read_query = _make_read_query(actions)

    def whole(url: str) -> tuple[str, str]:
        try:
            rest, query, fragment = _parts(url)
            query, network = read_query(query) if query else ("", "")
            for function in fragments:
                fragment = fragment and function(fragment)
            base = base_of(rest) if rest else ""
        except FAILURES:
            return UNREADABLE
        if rest and not base:
            return "", network
        if fragment:
            return f"{base}?{query}#{fragment}" if query else f"{base}#{fragment}", network
        return (f"{base}?{query}" if query else base), network

    remembered = remember(whole)
    plain_base_of = remember(lambda given: base_of(given.strip()) if _is_plain(given) else "")

    def run(url: str) -> tuple[str, str]:
        given, mark, query = url.partition("?")
        if not mark:
            return remembered(url)
        if "#" in query or not query.isprintable():
            return whole(url)
        try:
            base = plain_base_of(given)
            if not base:
                return whole(url)
            query = query.strip()
            query, network = read_query(query) if query else ("", "")
        except FAILURES:
            return UNREADABLE
        return (f"{base}?{query}" if query else base), network

    return _make_shortened(actions, run)


def _make_shortened(actions: Sequence[UrlAction], run: UrlFunction) -> UrlFunction:
    """The same, where what stands before the last parameter is remembered if that one leaves nothing.

    What is new in each URL, as click ids and tokens are, mostly comes last: others put it behind a link that was whole.
    """
    asked = [action for action in actions if action.query is not None or action.network is not None]
    network_of = asked[0].network_of_dropped if asked else None
    if network_of is None or (asked[0].network is None and any(action.network for action in asked)):
        return run
    run_start = remember(lambda start: run(start) if _is_whole(start) else UNREADABLE)

    def shortened(url: str) -> tuple[str, str]:
        start, mark, last = url.rpartition("&")
        if mark and "#" not in last and last.isprintable() and (network := network_of(last)) is not None:
            found = run_start(start)
            if found[0]:
                return (found[0], network) if network and not found[1] else found
        return run(url)

    return shortened


def _is_whole(start: str) -> bool:
    """Whether a URL means the same by itself as with a parameter behind it that leaves nothing."""
    given, _, query = start.partition("?")
    return bool(query) and query.isprintable() and "#" not in query and query[-1] != " " and _is_plain(given)


def _make_read_query(actions: Sequence[UrlAction]) -> UrlFunction:
    """From a query to (the query as it may be kept, network); the network of what came in."""
    asked = [action for action in actions if action.query is not None or action.network is not None]
    network_of = next((action.network for action in asked if action.network is not None), None)
    first = asked[0].query_and_network if asked else None
    queries = [action.query for action in asked if action.query is not None]

    def apart(query: str) -> tuple[str, str]:
        network = network_of(query) if network_of is not None else ""
        for function in queries:
            query = query and function(query)
        return query, network

    def at_once(query: str) -> tuple[str, str]:
        query, network = first(query)
        for function in others:
            query = query and function(query)
        return query, network

    if first is None:
        return apart
    others = queries[1:]
    return at_once


def _is_plain(given: str) -> bool:
    """Whether what stands before a URL's first ``?`` is its base, but for spaces around it."""
    return given.isprintable() and "#" not in given and bool(bare := given.strip()) and not _hides_scheme(bare)


def _hides_scheme(url: str) -> bool:
    return "%" in url and _HIDDEN_SCHEME.search(url) is not None


def _memoized(functions: Sequence[Callable[[str, str], Base]]) -> TextFunction:
    def base_of(base: str) -> str:
        head, path = split_base(base)
        for function in functions:
            head, path = function(head, path)
        return head + path

    return remember(base_of)


def _parts(url: str) -> tuple[str, str, str]:
    """(Base, query, fragment), as a browser would read them."""
    if not url.isprintable():
        url = "".join(filter(str.isprintable, url))
    url = url.strip()
    if "&#" in url:  # else its end would pass for a fragment, and half an e-mail address would stay
        url = _ENTITY_AT.sub("@", url)
    if _hides_scheme(url):
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
