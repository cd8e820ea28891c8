from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.anonymize.redact import EMAIL, make_url_redact
from streams.anonymize.ruleset import OwnPattern
from tests.anonymize.default_functions import redact

EMAILS = [
    "ann@example.com", "ann.lee+shop@mail.example.co.uk", "a_b-c%d@x.io", "grüße@bücher.example", "用户@例子.广告",
    '"ann lee"@example.com', "ann@[192.0.2.1]", "o'brien@example.com", "ANN@EXAMPLE.COM", "ann＠example.com",
    "ann&#64;example.com", "ann&#x40;example.com", "ann\\u0040example.com", "ann﹫example.com", "ann@example。com",
    "ann＠example．com", '"ann@home"@example.com', "ann%u0040example.com",
]  # fmt: skip


@pytest.mark.parametrize("email", EMAILS)
@pytest.mark.parametrize("around", ["{}", "mail {} now", "<{}>", "mailto:{}?subject=x", "a={}&b=2", "({})", "x,{};y"])
def test_addresses_go_wherever_they_stand(email: str, around: str) -> None:
    """The words around them stay."""
    text = around.format(email)

    assert redact(text) == around.format(EMAIL)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_percent_encoding_hides_nothing(layers: int) -> None:
    """Not even in several layers, nor when letters are encoded too."""
    for email in ("ann@example.com", "ann+x@example.co.uk"):
        text = email
        for _ in range(layers):
            text = quote(text, safe="")
        every = "".join(f"%{byte:02x}" for byte in email.encode())

        assert redact(f"/u/{text}/x") == f"/u/{EMAIL}/x"
        assert redact(f"/u/{every}/x") == f"/u/{EMAIL}/x"


def test_more_layers_than_anyone_writes_lose_the_text() -> None:
    """Fail closed."""
    text = "ann@example.com!"
    for _ in range(12):
        text = quote(text, safe="")

    assert "example.com" not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a @ b",
        "@handle said",
        "me@home",
        "5 @ 3.50",
        "/@ann/post",
        "100% sure",
        "a%b%zz",
        "50%20off",
        "mail at x dot y",
    ],
)
def test_other_signs_stay(text: str) -> None:
    """An at sign or a per cent sign alone is nothing."""
    assert redact(text) == text


@given(st.emails(), st.text(max_size=20), st.text(max_size=20))
def test_no_address_survives(email: str, before: str, after: str) -> None:
    """Any RFC 5322 address, amid any text, plain or encoded."""
    assert email not in redact(f"{before} {email} {after}")
    assert email not in redact(f"{before} {quote(email, safe='')} {after}")
    assert quote(email, safe="") not in redact(f"{before} {quote(email, safe='')} {after}")


@given(st.text(max_size=200))
def test_redaction_never_raises_and_is_stable(text: str) -> None:
    """Once is enough."""
    once = redact(text)

    assert redact(once) == once


def test_half_characters_lose_a_text_that_must_be_searched() -> None:
    """A lone surrogate beside an at sign cannot be searched, so it is not kept."""
    assert redact("\ud800 ann@example.com") == ""


def test_a_plus_of_a_query_is_a_space_too() -> None:
    """Enrichment reads it so; what is found goes in either reading, all else keeps its pluses."""
    query = make_url_redact(["phone", OwnPattern(name="who", pattern="ann lee")]).query

    assert query is not None
    assert query("utm_term=call+030+901820+now&utm_content=a+b") == "utm_term=call+(phone)+now&utm_content=a+b"
    assert query("utm_content=ann+lee") == "utm_content=(who)"
