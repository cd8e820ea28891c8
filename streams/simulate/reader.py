"""The simulated second app: a reading app on phones, tablets and televisions, which sends screens."""

from random import Random

from streams.simulate.chance import Chance, Weighted, zipf
from streams.simulate.journeys import Journey, walk
from streams.simulate.steps import IDENTIFY, SCREEN, TRACK, Step
from streams.simulate.visitors import Visitor

_TOPICS = ("news", "science", "travel", "food", "books", "music", "sport")
_articles = zipf([f"{_TOPICS[n % len(_TOPICS)]}-{2000 + n}" for n in range(600)], shift=5.0)
_HOME = Step(SCREEN, "Home")

JOURNEYS = (
    Journey(
        "subscribe",
        8,
        (
            _HOME,
            Step(SCREEN, "Article", properties='"article_id":"{article}"'),
            Step(SCREEN, "Paywall"),
            Step(SCREEN, "Plans"),
            Step(TRACK, "Subscription Started", properties='"plan":"monthly","email":"{email}"'),
            Step(IDENTIFY, "", properties='"email":"{email}","plan":"monthly"'),
            Step(SCREEN, "Welcome"),
        ),
    ),
    Journey(
        "save_for_later",
        12,
        (
            _HOME,
            Step(SCREEN, "Article", properties='"article_id":"{article}"'),
            Step(TRACK, "Article Saved", properties='"article_id":"{article}"'),
            Step(SCREEN, "Saved"),
        ),
    ),
    Journey(
        "tune_settings",
        5,
        (
            Step(SCREEN, "Settings"),
            Step(SCREEN, "Notifications"),
            Step(TRACK, "Notifications Turned Off"),
        ),
    ),
)
_READ = Journey("read", 75, ())
_journeys = Weighted([*JOURNEYS, _READ], [journey.weight for journey in (*JOURNEYS, _READ)])


def reader_steps(visitor: Visitor, random: Random) -> tuple[list[Step], str]:
    """What a reader does in one visit, and the name of the journey (``+`` when it came to its end)."""
    chance = random.random
    journey = _journeys.draw(chance)
    if journey is _READ:
        return _read(chance), journey.name
    steps, completed = walk(journey, {"article": _articles.draw(chance), "email": visitor.email}, stroll, chance)
    return steps, f"{journey.name}+" if completed else journey.name


def stroll(chance: Chance) -> Step:
    """Any screen, articles most."""
    draw = chance()
    if draw < 0.62:
        return Step(SCREEN, "Article", properties=f'"article_id":"{_articles.draw(chance)}"')
    if draw < 0.82:
        return _HOME
    return Step(SCREEN, "Search" if draw < 0.92 else "Topics")


def _read(chance: Chance) -> list[Step]:
    steps = [_HOME]
    while len(steps) < 30 and chance() < 0.72:
        steps.append(stroll(chance))
    return steps
