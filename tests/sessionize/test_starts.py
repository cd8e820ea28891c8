"""Starts of sessions, kept change by change, against a fold of the whole."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from streams.sessionize.block import pack
from streams.sessionize.fold import Start, fold
from streams.sessionize.hit import PAGE_PING, PAGE_VIEW, Hit
from streams.sessionize.open_part import OpenPart
from streams.sessionize.options import SessionOptions
from streams.sessionize.texts import Texts
from streams.sessionize.words import Words, write

BASE = SessionOptions(gap_ms=4, longest_ms=9, lateness_ms=0, dedup_window_ms=0, max_steps=3)


def texts() -> Texts:
    """Two kinds of hits, and two campaigns."""
    pages = [write((kind, "", "", "", "/")) for kind in (PAGE_VIEW, PAGE_PING)]
    campaigns = [write(("",) * 7 + (name, "", "")) for name in "ab"]
    return Texts(Words(), [("raw@1", 0, 0, 1, 0, 0, 0, 0, 0)], [*pages, *campaigns])


HITS = st.tuples(st.integers(0, 40), st.integers(0, 3), st.sampled_from([(1, 0), (1, 0), (2, 0), (1, 3), (1, 4)])).map(
    lambda drawn: Hit(drawn[0], bytes([drawn[1]]) * 16, page=drawn[2][0], origin=drawn[2][1])
)
STEPS = st.lists(
    st.one_of(HITS, st.integers(0, 11), st.tuples(st.sampled_from(["seal", "close", "pack"]), st.integers(0, 15))),
    max_size=25,
)


@given(STEPS, st.booleans(), st.booleans())
def test_starts_are_those_of_the_fold(steps: list[object], by_campaign: bool, by_date: bool) -> None:
    """After any insertion, removal, sealing, closing and packing; and what was a start once is not forgotten."""
    options = replace(
        BASE, cut_at_campaign=by_campaign, next_midnight=(lambda time: time // 7 * 7 + 7) if by_date else None
    )
    part = OpenPart(options, texts(), None, pack([]), is_single=True)
    horizon, seen = -1, set[Start]()
    vanished = set[Start]()
    for step in steps:
        if isinstance(step, Hit):
            if step.time >= horizon and part.find(step.time, step.id) is None:
                part.insert(step)
        elif isinstance(step, int):
            if step < part.count:
                part.take_out(*part.hits[step].order())
        elif isinstance(step, tuple):
            horizon = max(horizon, step[1])
            part = _let_go(part, str(step[0]), horizon, vanished)
        now = [session.identity for session in part.sessions()]
        assert part.starts.now == now
        assert bool(part) == bool(now)
        closed = {start for start in seen if start[0] < horizon}
        assert seen - set(now) - closed <= vanished | part.starts.vanished
        seen.update(now)
        if now:
            assert part.due() == _due(part)


def _let_go(part: OpenPart, what: str, horizon: int, vanished: set[Start]) -> OpenPart:
    if what == "seal":
        part.seal(horizon)
    elif what == "close":
        part.take_final(horizon)
    else:
        vanished |= part.starts.vanished
        is_single = len(part.starts.now) <= 1
        return OpenPart(part.options, part.texts, part.sealed, part.packed(), is_single)
    return part


def _due(part: OpenPart) -> int:
    """By the letter of rule 4: the first session's own deadline, or its successor's start."""
    first, *others = fold(part.sealed, part.hits, part.texts, part.options)
    return min([first.due(part.options), *[other.start for other in others]])


def test_an_event_out_of_order_costs_what_it_touches() -> None:
    """Among ten thousand sessions one insertion reads the hits of one, and one removal those of two."""
    part = OpenPart(BASE, texts(), None, pack([]), is_single=True)
    for k in range(30_000):
        part.insert(Hit(10 * (k // 3) + k % 3, k.to_bytes(16, "big"), page=1))
    read = Counting(part.starts.texts)
    part.starts.options = replace(BASE, cut_at_campaign=True)  # the dearest: reads every hit it passes
    part.starts.texts = read
    part.insert(Hit(50_001, bytes(16), page=1))
    part.take_out(50_001, bytes(16))
    assert 0 < read.count < 40


class Counting(Texts):
    """Counts what is read."""

    __slots__ = ("count",)

    def __init__(self, texts: Texts) -> None:
        super().__init__(Words(), texts.frames, texts.blobs)
        self.count = 0

    def campaign(self, hit: Hit) -> str:
        self.count += 1
        return super().campaign(hit)
