import pytest

from streams.errors import ContractError
from streams.kafka import compat


def test_what_is_installed_is_what_we_checked() -> None:
    """Every private name is there with its parameters."""
    compat.check_libraries()


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("Consumer._gone", ("self",), "faust.transport.consumer.Consumer._gone is not there"),
        ("Consumer.ack", ("self", "message", "why"), "Consumer.ack has no parameter why"),
    ],
)
def test_a_changed_library_is_named_with_its_version_and_the_mend(
    monkeypatch: pytest.MonkeyPatch, name: str, parameters: tuple[str, ...], words: str
) -> None:
    """An upgrade stops at the start, not in the middle of a rebalance."""
    monkeypatch.setattr(compat, "_USED", ((compat.FAUST, "faust.transport.consumer", name, parameters),))
    with pytest.raises(ContractError) as raised:
        compat.check_libraries()
    assert words in str(raised.value)
    assert "faust-streaming 0." in str(raised.value)
    assert "lock file" in raised.value.mend
