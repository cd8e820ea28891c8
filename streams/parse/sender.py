"""What the connection knew of who sent a request."""

import msgspec


class Sender(msgspec.Struct, frozen=True, gc=False):
    """From Kafka headers or a collector's payload; empty where it said nothing. What the body names goes before."""

    app_id: str = ""
    """Goes before what the body names: the transport has checked it."""
    ip: str = ""
    useragent: str = ""
    network_userid: str = ""
    referrer: str = ""
    """The page that asked for the pixel."""
    collector_tstamp: int | None = None
    ua_hints: str = ""
