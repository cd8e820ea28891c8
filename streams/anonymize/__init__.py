"""Stage two: from a parsed, unmasked event to an event that holds no personal data; pure."""

from streams.anonymize.anonymizer import Anonymizer, Place, make_anonymizer
from streams.anonymize.rules import Rules, default_rules

__all__ = ["Anonymizer", "Place", "Rules", "default_rules", "make_anonymizer"]
