import pytest

from streams.errors import ConfigError
from streams.settings import ClickHouseSettings
from streams.warehouse.client import identifier, make_client, parse_store_url, qualified


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "clickhouse://ada@db.example:9001/web",
            {"host": "db.example", "port": 9001, "user": "ada", "database": "web"},
        ),
        ("clickhouse://db.example", {"host": "db.example"}),
        ("clickhouse://ada@[::1]:9001/", {"host": "::1", "port": 9001, "user": "ada"}),
        ("clickhouses://db.example/web", {"host": "db.example", "port": 9440, "database": "web", "secure": True}),
        ("clickhouse://ad%40a@db.example", {"host": "db.example", "user": "ad@a"}),
    ],
)
def test_a_store_address_says_host_port_user_and_database(url: str, expected: dict[str, object]) -> None:
    """What the address leaves out keeps its default."""
    assert parse_store_url(url) == ClickHouseSettings.model_validate(expected)


@pytest.mark.parametrize(
    "url",
    [
        "http://db.example/web",
        "clickhouse://",
        "clickhouse://db.example/web; DROP",
        "clickhouse://db.example/we/b",
        "clickhouse://db.example/1web",
        "clickhouse://db.example:port/web",
        "clickhouse://db.example/web?secure=1",
        "clickhouse://ada:hidden@db.example/web",
    ],
)
def test_a_bad_store_address_is_refused_with_the_mend(url: str) -> None:
    """Nothing is guessed, and a password in it is never repeated."""
    with pytest.raises(ConfigError) as refused:
        parse_store_url(url)
    assert refused.value.mend
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "a.b", "a b", "1a", "a`", "a;", "ä", "a\n"])
def test_only_plain_identifiers_reach_sql(name: str) -> None:
    """Names of databases and tables cannot be parameters, so they are checked."""
    with pytest.raises(ConfigError):
        identifier(name)
    with pytest.raises(ConfigError):
        qualified("SELECT 1 FROM {database}.t", name)


def test_a_client_has_timeouts_and_keepalive() -> None:
    """The driver's defaults would wait five minutes on a dead peer, without keepalive."""
    connection = make_client(ClickHouseSettings(secure=True), "x").connection
    assert (connection.connect_timeout, connection.send_receive_timeout) == (5, 60)
    assert connection.tcp_keepalive == (30, 10, 3)
    assert connection.secure_socket
    assert connection.verify_cert
