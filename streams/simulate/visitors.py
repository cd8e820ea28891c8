"""Simulated visitors: each is a function of seed, app and number, so none has to be remembered."""

from array import array
from typing import NamedTuple

from streams.simulate.chance import Chance, pick, stream, uuid_text
from streams.simulate.devices import APP_DEVICES, CRAWLER_SHARES, HEADLESS, WEB_DEVICES, Device
from streams.simulate.places import Place, draw_place

SHOP, READER = "shop", "reader"
APPS = (SHOP, READER)
RETURNING = 0.38
"""Share of visits by somebody who was there before. Choosing among past visits makes a power law of visits a visitor
(Simon's model). Source: H. A. Simon, On a Class of Skew Distribution Functions, Biometrika 42, 1955."""
_REMEMBERED = 1 << 16
_SHARED_DEVICES = 5
_GIVEN = ("robin", "sam", "kim", "alex", "jo", "chris", "nour", "mika", "yuki", "andrea", "sasha", "luca")


class Visitor(NamedTuple):
    """One device or browser of a person. ``skew_ms`` is how far its clock is ahead."""

    app: str
    anonymous_id: str
    device: Device
    place: Place
    user_id: str
    email: str
    has_account: bool
    skew_ms: int
    is_bot: bool = False


class Crowd:
    """Who visits an app next: new ones by number, returning ones in proportion to their visits so far."""

    def __init__(self, seed: int, app: str) -> None:
        self._seed = seed
        self._app = app
        self._known = 0
        self._visits = array("l")

    def next(self, chance: Chance) -> Visitor:
        if self._visits and chance() < RETURNING:
            number = pick(self._visits, chance)
        else:
            number = self._known
            self._known += 1
        if len(self._visits) < _REMEMBERED:
            self._visits.append(number)
        else:
            self._visits[int(chance() * _REMEMBERED)] = number
        return make_visitor(self._seed, self._app, number)


def make_visitor(seed: int, app: str, number: int) -> Visitor:
    """Visitor ``number`` of an app. The first two of every five numbers are two devices of one person."""
    random = stream(seed, APPS.index(app), number)
    chance = random.random
    person = number - 1 if number % _SHARED_DEVICES == 1 else number
    name = _GIVEN[person % len(_GIVEN)]
    return Visitor(
        app=app,
        anonymous_id=uuid_text(random.getrandbits(128)),
        device=(WEB_DEVICES if app == SHOP else APP_DEVICES).draw(chance),
        place=draw_place(chance),
        user_id=f"u-{100_000 + person}",
        email=f"{name}.{person}@{('example.com', 'example.org', 'example.net')[person % 3]}",
        has_account=person % _SHARED_DEVICES == 0 or person % 7 == 3,
        skew_ms=_skew(chance),
    )


def make_bot(seed: int, number: int, *, headless: bool) -> Visitor:
    """A crawler that says so, or a headless browser that does not; a new id each time, the clock right."""
    random = stream(seed, 7, number)
    return Visitor(
        app=SHOP,
        anonymous_id=uuid_text(random.getrandbits(128)),
        device=HEADLESS if headless else CRAWLER_SHARES.draw(random.random),
        place=draw_place(random.random)._replace(timezone="UTC", locale="en-US"),
        user_id="",
        email="",
        has_account=False,
        skew_ms=0,
        is_bot=True,
    )


def _skew(chance: Chance) -> int:
    """Most clocks are right to two seconds, some to two minutes, a few are hours or days off."""
    kind, size = chance(), 2 * chance() - 1
    if kind < 0.7:
        return int(size * 2_000)
    if kind < 0.96:
        return int(size * 120_000)
    return int(size * 3 * 86_400_000)
