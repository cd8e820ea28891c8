"""The rules as text, and the hash by which every row names the rules it passed."""

import hashlib
from importlib import resources

import msgspec

from streams.records import Control


class Rules(msgspec.Struct, frozen=True):
    """A rules text; ``hash`` is the SHA-256 of its UTF-8 bytes, in hex."""

    hash: str
    text: str


def make_rules(text: str) -> Rules:
    """The rules of a text."""
    return Rules(hash=hashlib.sha256(text.encode()).hexdigest(), text=text)


def default_rules() -> Rules:
    """The rules that hold when nobody wrote any: the safe ones, shipped in this package."""
    return make_rules(resources.files(__package__).joinpath("defaults.yaml").read_text(encoding="utf-8"))


def rules_control(rules: Rules) -> Control:
    """The record that tells the sessions worker the text behind a hash."""
    return Control(kind="rules", body={"hash": rules.hash, "text": rules.text})
