"""What all rules together do to a URL, part by part; what comes again is remembered."""

from collections.abc import Callable, Sequence

from streams.anonymize.action import FAILURES, TextFunction
from streams.anonymize.url import Base, UrlAction, UrlFunction, hides_scheme, parts_of, split_base
from streams.memo import remember

UNREADABLE = ("", "")


def make_url(actions: Sequence[UrlAction]) -> UrlFunction:
    """The actions, one after another, on each part; the URL is taken apart once. Fails closed: an empty URL.

    Bases are remembered, and URLs that are no more than one; a whole query seldom comes again.
    """
    base_of = _memoized([action.base for action in actions if action.base is not None])
    read_query = _make_read_query(actions)
    whole = _make_whole(actions, base_of, read_query)
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


def _make_whole(actions: Sequence[UrlAction], base_of: TextFunction, read_query: UrlFunction) -> UrlFunction:
    """Of any URL."""
    fragments = [action.fragment for action in actions if action.fragment is not None]

    def whole(url: str) -> tuple[str, str]:
        try:
            rest, query, fragment = parts_of(url)
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

    return whole


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
        if mark and _stands_alone(last) and (network := network_of(last)) is not None:
            found = run_start(start)
            if found[0]:
                return (found[0], network) if network and not found[1] else found
        return run(url)

    return shortened


def _stands_alone(last: str) -> bool:
    """Whether a last parameter ends where its URL does: a space is stripped, a fragment is none of it."""
    return last[-1:] != " " and "#" not in last and last.isprintable()


def _is_whole(start: str) -> bool:
    """Whether a URL means the same by itself as with a parameter behind it that leaves nothing."""
    given, _, query = start.partition("?")
    return bool(query) and query.isprintable() and "#" not in query and query[-1] != " " and _is_plain(given)


def _make_read_query(actions: Sequence[UrlAction]) -> UrlFunction:
    """From a query to (the query as it may be kept, network); the network of what came in."""
    asked = [action for action in actions if action.query is not None or action.network is not None]
    queries = [action.query for action in asked if action.query is not None]
    if asked and asked[0].query_and_network is not None:
        return _make_at_once(asked[0].query_and_network, queries[1:])
    network_of = next((action.network for action in asked if action.network is not None), None)

    def apart(query: str) -> tuple[str, str]:
        network = network_of(query) if network_of is not None else ""
        for function in queries:
            query = query and function(query)
        return query, network

    return apart


def _make_at_once(first: UrlFunction, others: Sequence[TextFunction]) -> UrlFunction:
    def at_once(query: str) -> tuple[str, str]:
        query, network = first(query)
        for function in others:
            query = query and function(query)
        return query, network

    return at_once


def _is_plain(given: str) -> bool:
    """Whether what stands before a URL's first ``?`` is its base, but for spaces around it."""
    return given.isprintable() and "#" not in given and bool(bare := given.strip()) and not hides_scheme(bare)


def _memoized(functions: Sequence[Callable[[str, str], Base]]) -> TextFunction:
    def base_of(base: str) -> str:
        head, path = split_base(base)
        for function in functions:
            head, path = function(head, path)
        return head + path

    return remember(base_of)
