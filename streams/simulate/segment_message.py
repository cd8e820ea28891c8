"""One visit's steps as the front part of Segment messages: all but the times.

Source: Segment spec, Common Fields, Page, Screen, Track, Identify. The JSON is put together from parts that hold no
character to escape, which costs a tenth of an encoder's time.
"""

from collections.abc import Callable

from streams.simulate.shop import HOST
from streams.simulate.sources import landing_query
from streams.simulate.steps import IDENTIFY, PAGE, SCREEN, SERVER, TRACK, Step, Visit
from streams.simulate.visitors import SHOP, Visitor

_NOBODY = "nobody@example.com"


class MessageWriter:
    """Remembers the page a visit is on, and whether the visitor has signed in."""

    def __init__(self, visit: Visit, bits: Callable[[int], int]) -> None:
        visitor = visit.visitor
        self._visit = visit
        self._bits = bits
        self._context = _context(visitor)
        self._who = f'"anonymousId":"{visitor.anonymous_id}",'
        self._known_who = f'{self._who}"userId":"{visitor.user_id}",'
        if visit.known:
            self._who = self._known_who
        self._url, self._page = "", ""
        self._referrer = visit.source.referrer
        self._kinds = {
            PAGE: self._page_message,
            SCREEN: self._screen,
            TRACK: self._track,
            SERVER: self._server,
            IDENTIFY: self._identify,
        }

    def write(self, step: Step, message_id: str) -> str:
        """From ``{`` to the comma before the times."""
        body, context = self._kinds[step.kind](step)
        return f'{{{body},{self._who}"messageId":"{message_id}","context":{{{context}}},'

    def _page_message(self, step: Step) -> tuple[str, str]:
        _, name, path, query, properties = step
        campaign = ""
        if self._url:
            self._referrer = self._url
        elif self._visit.source.query:
            query, campaign = self._landing(query), self._visit.source.campaign_json()
        search = f"?{query}" if query else ""
        self._url = url = f"https://{HOST}{path}{search}"
        page = f'"path":"{path}","referrer":"{self._referrer}","search":"{search}","title":"{name}","url":"{url}"'
        self._page = f'"page":{{{page}}},{self._context}'
        more = f",{properties}" if properties else ""
        return f'"type":"page","name":"{name}","properties":{{{page}{more}}}', campaign + self._page

    def _landing(self, query: str) -> str:
        visit = self._visit
        extra = landing_query(visit.source, visit.visitor.email or _NOBODY, self._bits(160))
        return f"{query}&{extra}" if query else extra

    def _screen(self, step: Step) -> tuple[str, str]:
        return f'"type":"screen","name":"{step.name}","properties":{{{step.properties}}}', self._context

    def _track(self, step: Step) -> tuple[str, str]:
        return f'"type":"track","event":"{step.name}","properties":{{{step.properties}}}', self._page or self._context

    def _identify(self, step: Step) -> tuple[str, str]:
        self._who = self._known_who
        return f'"type":"identify","traits":{{{step.properties}}}', self._page or self._context

    def _server(self, step: Step) -> tuple[str, str]:
        body = f'"type":"track","event":"{step.name}","channel":"server","properties":{{{step.properties}}}'
        return body, _server_context(self._visit.visitor)


def _server_context(visitor: Visitor) -> str:
    """A back end passes on the address and the agent it saw, and knows no more."""
    return (
        f'"app":{{"name":"{visitor.app}"}},"ip":"{visitor.place.network}","userAgent":"{visitor.device.user_agent}",'
        f'"library":{{"name":"analytics-python"}}'
    )


def _context(visitor: Visitor) -> str:
    """The inside of ``context`` that all messages of a visit share."""
    device, place = visitor.device, visitor.place
    library = "analytics.js" if visitor.app == SHOP else "analytics-kotlin"
    return (
        f'"app":{{"name":"{visitor.app}"}},"ip":"{place.network}","userAgent":"{device.user_agent}",'
        f'"locale":"{place.locale}","timezone":"{place.timezone}",'
        f'"screen":{{"width":{device.width},"height":{device.height}}},"library":{{"name":"{library}"}}'
    )
