import pytest

from models.segments import Shape, look


@pytest.mark.parametrize(
    ("segment", "shape", "extension"),
    [
        ("", Shape.WORD, ""),
        ("help", Shape.WORD, ""),
        ("guide.html", Shape.WORD, ".html"),
        (".well-known", Shape.WORD, ""),
        ("colours-of-2026", Shape.CODE, ""),
        ("xdo_8h.html", Shape.MIXED, ".html"),
        ("logstash-1.0.0-release.html", Shape.MIXED, ".html"),
        ("1003", Shape.CODE, ""),
        ("O-4711", Shape.CODE, ""),
        ("2015", Shape.CODE, ""),
        ("20150517", Shape.OPAQUE, ""),
        ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", Shape.OPAQUE, ""),
        ("d41d8cd98f00b204e980", Shape.OPAQUE, ""),
        ("dGhpcyBpcyBhIHRva2Vu1", Shape.OPAQUE, ""),
        ("anna@example.com", Shape.OPAQUE, ".com"),
        ("٣٤", Shape.CODE, ""),
    ],
)
def test_a_segment_looks_like(segment: str, shape: Shape, extension: str) -> None:
    """Words, words with digits, codes, and what no page is named after; the extension is apart."""
    assert look(segment) == (shape, extension)
