"""The keys of pseudonyms: where they lie, how they rotate, how one is forgotten for good."""

from streams.keyring.ring import Ring, open_ring
from streams.keyring.tree import Rotation

__all__ = ["Ring", "Rotation", "open_ring"]
