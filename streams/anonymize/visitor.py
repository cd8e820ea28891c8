"""Who did it: one keyed id per app, kind and value, worked out from unmasked values before anything is masked."""

from collections.abc import Callable
from functools import lru_cache

from streams.keys import Keys, join
from streams.memo import ENTRIES
from streams.records import NO_ID, ParsedEvent

PURPOSE = "visitor"


def make_visitor(keys: Keys) -> Callable[[ParsedEvent, str], bytes]:
    """A function of (event, app id) giving the visitor's 16 bytes.

    The first present of domain_userid, network_userid, anonymous_id, user_id; else address and agent when both exist
    ("-", a log's word for none, counts as a value); else NO_ID. The kind is hashed too, so that equal values of two
    kinds are two visitors.
    """
    uuid = keys.uuid(PURPOSE)

    @lru_cache(maxsize=ENTRIES)
    def identity(app_id: str, kind: str, *values: str) -> bytes:
        return uuid(join(app_id, kind, *values))

    def visitor(event: ParsedEvent, app_id: str) -> bytes:
        if event.domain_userid:
            return identity(app_id, "domain_userid", event.domain_userid)
        if event.network_userid:
            return identity(app_id, "network_userid", event.network_userid)
        if event.anonymous_id:
            return identity(app_id, "anonymous_id", event.anonymous_id)
        if event.user_id:
            return identity(app_id, "user_id", event.user_id)
        if event.ip and event.useragent:
            return identity(app_id, "ip_useragent", event.ip, event.useragent)
        return NO_ID

    return visitor
