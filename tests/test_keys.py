import hashlib
import hmac
from uuid import UUID

import pytest

from streams.keys import MIN_SECRET_CHARS, Keys, as_uuid, join, measured

SECRET = b"a secret of at least thirty-two bytes"
KEYS = Keys(SECRET)


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 1000])
def test_a_digest_is_the_standard_librarys_hmac(length: int) -> None:
    """HMAC-SHA-256 under a key of its own per purpose, around every block boundary, however often it is asked."""
    data = bytes(range(256)) * 4
    key = hmac.digest(SECRET, b"thalweg:purpose", "sha256")
    digest = KEYS.digest("purpose")

    for _ in range(2):
        assert digest(data[:length]) == hmac.new(key, data[:length], hashlib.sha256).digest()


def test_purposes_and_secrets_share_nothing() -> None:
    """The same bytes under another purpose or secret are other bytes."""
    digests = {keys.digest(purpose)(b"x") for keys in (KEYS, Keys(SECRET[::-1])) for purpose in ("a", "b")}

    assert len(digests) == 4


def test_uuid_and_number_are_cut_from_the_digest() -> None:
    """A UUID of version 8, RFC variant, and the first eight bytes as a number."""
    digest = KEYS.digest("p")(b"x")
    found = UUID(bytes=KEYS.uuid("p")(b"x"))

    assert (found.version, found.variant) == (8, "specified in RFC 4122")
    assert found.bytes == as_uuid(digest)
    assert found.bytes[:6] == digest[:6]
    assert KEYS.number("p")(b"x") == int.from_bytes(digest[:8], "big")


def test_joined_parts_cannot_be_read_two_ways() -> None:
    """Lengths go before the parts, counted in bytes, also of what is no Unicode."""
    assert join("ab", "c") == b"2:ab1:c"
    assert join("a", "bc") != join("ab", "c")
    assert join("é", "") == measured("é") + b"0:" == b"2:\xc3\xa90:"
    assert join("\ud800") == b"3:\xed\xa0\x80"


def test_a_short_secret_is_refused_and_none_is_shown() -> None:
    """The error counts its bytes and quotes none."""
    with pytest.raises(ValueError, match=f"the secret has 5 bytes, at least {MIN_SECRET_CHARS} are needed"):
        Keys(b"short")
    assert repr(KEYS) == "Keys(…)"
