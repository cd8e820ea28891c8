"""The fields of a Segment message that we read, with their types and largest sizes.

Source: Segment spec, Common Fields (segment.com/docs/connections/spec/common) and Page, Screen, Track, Identify, Group,
Alias, Batch. Traits, ``integrations``, a device's ids and name, places, and all else that is not named here is skipped
undecoded, so it cannot leak.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct

MAX_TEXT = 8192
MAX_ID = 512
MAX_APP = 128
MAX_NAME = 256
MAX_HINTS = 2048
MAX_PROPERTIES = 255

Text = Annotated[str, Meta(max_length=MAX_TEXT)] | None
Id = Annotated[str, Meta(max_length=MAX_ID)] | int | None
"""Text by the spec; some servers' libraries send numbers."""
Name = Annotated[str, Meta(max_length=MAX_NAME)]
Value = Annotated[str, Meta(max_length=MAX_TEXT)] | int | float | bool | list[object] | dict[str, object] | None
Properties = Annotated[dict[Name, Value], Meta(max_length=MAX_PROPERTIES)]


class Page(Struct, gc=False):
    """``context.page``; ``properties`` of a page call has the same keys and wins."""

    url: Text = None
    title: Text = None
    referrer: Text = None


class Campaign(Struct, gc=False):
    """``context.campaign``."""

    name: Text = None
    source: Text = None
    medium: Text = None
    term: Text = None
    content: Text = None


class Screen(Struct, gc=False):
    """``context.screen``, in pixels or density-independent pixels (fractions occur)."""

    width: int | float | None = None
    height: int | float | None = None


class App(Struct, gc=False, omit_defaults=True):
    """``context.app``: names the app where the transport does not."""

    name: Annotated[str, Meta(max_length=MAX_APP)] | None = None
    version: Text = None
    build: Text | int = None
    namespace: Text = None


class Library(Struct, gc=False, omit_defaults=True):
    """``context.library``: the tracker."""

    name: Text = None
    version: Text = None


class System(Struct, gc=False, omit_defaults=True):
    """``context.os``."""

    name: Text = None
    version: Text = None


class Device(Struct, gc=False, omit_defaults=True):
    """``context.device``, less its ids, its token and the name its owner gave it."""

    manufacturer: Text = None
    model: Text = None
    type: Text = None


class Network(Struct, gc=False, omit_defaults=True):
    """``context.network``."""

    carrier: Text = None
    bluetooth: bool | None = None
    cellular: bool | None = None
    wifi: bool | None = None


class Kept(Struct, gc=False, omit_defaults=True):
    """What column ``contexts`` keeps of a message's context."""

    app: App | None = None
    device: Device | None = None
    library: Library | None = None
    network: Network | None = None
    os: System | None = None


class Context(Struct, rename="camel", gc=False):
    """``context``."""

    app: App | None = None
    device: Device | None = None
    library: Library | None = None
    network: Network | None = None
    os: System | None = None
    ip: Text = None
    user_agent: Text = None
    user_agent_data: Raw = Raw()
    """Client hints, an object; kept as it comes."""
    locale: Text = None
    timezone: Text = None
    page: Page | None = None
    campaign: Campaign | None = None
    screen: Screen | None = None


class Message(Struct, rename="camel", gc=False):
    """One message as it comes in the body."""

    type: Text = None
    message_id: Id = None
    anonymous_id: Id = None
    user_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    channel: Text = None
    event: Text = None
    name: Text = None
    category: Text = None
    timestamp: Text = None
    original_timestamp: Text = None
    sent_at: Text = None
    received_at: Text = None
    context: Context | None = None
    properties: Properties | None = None
    batch: list[Raw] | None = None
    """There: the message is a batch, and what else it holds counts for each message of it that lacks it."""
