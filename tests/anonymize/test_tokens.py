import base64
import json

import pytest

from streams.anonymize.redact import make_redact

WORD = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def jwt(parts: int = 3) -> str:
    """A token as a library makes it."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()).decode().rstrip("=")
    return ".".join([head, *["eyJzdWIiOiIxIn0"] * (parts - 1)])


@pytest.mark.parametrize(
    "token",
    [
        jwt(),
        jwt(5),
        f"sk_live_{WORD}",
        f"ghp_{WORD}",
        f"glpat-{WORD}",
        f"xoxb-{WORD}",
        "AKIAIOSFODNN7EXAMPLE",
        f"AIza{WORD[:35]}",
        f"SG.{WORD}.{WORD}",
        f"Bearer {WORD}",
        "basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_tokens_are_found(token: str) -> None:
    """And nothing of them stays."""
    found = make_redact(["token"]).apply(f"see {token} here")

    assert found == "see (token) here"


@pytest.mark.parametrize(
    "text", ["eyJ", "sk_live", "task-force-meeting-in-berlin", "basic needs", "AKIA", "gherkin_recipe"]
)
def test_words_stay(text: str) -> None:
    """A mark alone is none."""
    assert make_redact(["token"]).apply(text) == text
