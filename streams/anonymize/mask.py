"""Masks: a word in place of a value, but for some characters at its ends."""

from streams.anonymize.action import TextAction
from streams.anonymize.ruleset import Mask


def make_mask(rule: Mask) -> TextAction:
    """Characters are kept only of values at least twice as long as what is kept."""
    word, first, last = rule.word, rule.keep_first, rule.keep_last

    def mask(text: str) -> str:
        if len(text) < 2 * (first + last):
            return word
        return text[:first] + word + (text[-last:] if last else "")

    return TextAction(mask)
