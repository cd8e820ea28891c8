"""What the default rules do to one value, as the engine compiles it."""

from streams.anonymize.compile import Compiler
from streams.anonymize.hashes import Hashes
from streams.anonymize.keyring import SecretKeyring
from streams.anonymize.redact import make_redact
from streams.anonymize.rules import default_rules
from streams.keys import Keys

_SECRET = bytes(32)
_FILE = default_rules().file
_PROGRAM = Compiler(_FILE, Hashes(Keys(_SECRET), SecretKeyring(_SECRET))).program(tuple(range(len(_FILE.rules))), 0)
_TEXTS = dict(_PROGRAM.texts)

cut = dict(_PROGRAM.urls)["page_url"]
clean = _TEXTS["page_title"]
clean_agent = _TEXTS["useragent"]


def redact(text: str) -> str:
    """The built-in kinds of the defaults; empty for what cannot be searched."""
    return _failing_closed(text, ["email", "card", "ip"])


def redact_names(text: str) -> str:
    """The same but for addresses."""
    return _failing_closed(text, ["email", "card"])


def _failing_closed(text: str, kinds: list[str]) -> str:
    try:
        return make_redact(kinds).apply(text)
    except UnicodeError:
        return ""
