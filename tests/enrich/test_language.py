import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.enrich.language import make_language, spell
from tests.enrich.conftest import MakeEvent


@pytest.mark.parametrize(
    ("sent", "spelled"),
    [
        ("en-US", "en-US"),
        ("EN-us", "en-US"),
        ("en_US", "en-US"),
        ("de_DE.UTF-8", "de-DE"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("sr-LATN-rs", "sr-Latn-RS"),
        ("es-419", "es-419"),
        ("sl-ROZAJ-biske", "sl-rozaj-biske"),
        ("en-x-US", "en-x-us"),
        ("sv-SE,sv;q=0.9,en;q=0.8", "sv-SE"),
        ("fr;q=0.9", "fr"),
        (" pt-br ", "pt-BR"),
        ("*", "*"),
        ("English (US)", "English (US)"),
        ("c", "c"),
        ("", ""),
    ],
)
def test_a_language_has_one_spelling(make_event: MakeEvent, sent: str, spelled: str) -> None:
    """RFC 5646's; the first of a list; what is no tag stays."""
    event = make_event(br_lang=sent)
    make_language()(event)

    assert event.br_lang == spelled


@given(st.from_regex(re.compile(r"[a-z]{2}([-_]([A-Za-z]{2}|[A-Za-z]{4}|[0-9]{3})){0,2}"), fullmatch=True))
def test_spelling_is_settled_and_blind_to_case(tag: str) -> None:
    """Spelling twice changes nothing, and capitals do not matter."""
    assert spell(spell(tag)) == spell(tag) == spell(tag.upper())
