import pytest

from models.discovery.naming import name_of


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        (("page:/", "page:/category/:id", "event:Order Completed"), "home → category → Order Completed"),
        (("page:/blog/", "page:/blog/:id"), "/blog/ → /blog/:id"),
        (("page:/sign-up", "page:/:id"), "sign up → page:/:id"),
        (tuple(f"page:/{'x' * 30}{n}" for n in range(5)), f"{'x' * 30}0 → … 3 steps … → {'x' * 30}4"),
    ],
)
def test_a_name_reads_as_words(steps: tuple[str, ...], name: str) -> None:
    """Paths where words would be the same; long ones are cut in the middle."""
    assert name_of(steps) == name
