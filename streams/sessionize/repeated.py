"""Texts that repeat among the hits of a visitor, each kept once."""

from typing import TypeVar

from streams.sessionize.fold import Session
from streams.sessionize.hit import NO_ORIGIN, VIEWS, Hit, Origin, Profile

T = TypeVar("T")


class Repeated:
    """Profiles and origins; hits point at their places."""

    __slots__ = ("origins", "profiles")

    def __init__(self, profiles: list[Profile], origins: list[Origin]) -> None:
        self.profiles, self.origins = profiles, origins

    def profile(self, profile: Profile) -> int:
        """Its place, taken if it has none."""
        return _place(self.profiles, profile)

    def origin(self, origin: Origin) -> int:
        """Its place, taken if it has none."""
        return _place(self.origins, origin)

    def origin_of(self, hit: Hit) -> Origin:
        """Whence a view came."""
        return self.origins[hit.origin] if hit.kind in VIEWS else NO_ORIGIN

    def compact(self, sealed: Session | None, hits: list[Hit]) -> None:
        """Drop profiles and origins that no hit points at any more."""
        if len(self.profiles) + len(self.origins) <= 2 + len(hits):
            return
        marks = [] if sealed is None else [hit for hit in (sealed.first, sealed.first_view, sealed.last_view) if hit]
        # one object may stand at several places: renumber each once
        used = list({id(hit): hit for hit in (*marks, *hits)}.values())
        profiles: list[Profile] = []
        origins: list[Origin] = []
        for hit in used:
            hit.profile = _place(profiles, self.profiles[hit.profile])
            if hit.kind in VIEWS:
                hit.origin = _place(origins, self.origins[hit.origin])
        self.profiles, self.origins = profiles, origins


def _place(known: list[T], item: T) -> int:
    try:
        return known.index(item)
    except ValueError:
        known.append(item)
        return len(known) - 1
