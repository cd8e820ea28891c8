"""`thalweg rules defaults`: the rules file that holds where none is named, to copy and change."""

import sys

from streams.anonymize.rules import default_rules


def defaults() -> None:
    """Print the rules every event passes where the settings name no others."""
    sys.stdout.write(default_rules().text)
