"""What clients are given for each kind of link, and which links are refused."""

import ssl
from pathlib import Path

import pytest
import trustme
from pydantic import ValidationError

from streams.errors import ConfigError
from streams.kafka.security import connection, credentials
from streams.settings import KafkaSettings, Settings


@pytest.fixture
def cafile(tmp_path: Path) -> Path:
    """An authority."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def test_a_plain_link_has_no_user_and_no_tls() -> None:
    """The default, for a broker on the same machine."""
    settings = Settings(kafka=KafkaSettings(brokers="a:1, b:2"))

    assert connection(settings) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }
    assert credentials(settings) is None


def test_a_secure_link_checks_the_broker_and_names_the_user(cafile: Path) -> None:
    """Certificate and host name, for every client and for Faust's own."""
    kafka = KafkaSettings(security_protocol="SASL_SSL", sasl_username="u", ssl_cafile=cafile)
    settings = Settings(kafka=kafka, kafka_password="planted")
    found = connection(settings)
    faust = credentials(settings)

    assert found["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert found["ssl_context"].check_hostname
    assert found["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (found["sasl_plain_username"], found["sasl_plain_password"]) == ("u", "planted")
    assert faust is not None
    assert faust.protocol.value == "SASL_SSL"
    assert "planted" not in repr(settings)


def test_a_certificate_of_our_own_says_who_we_are(cafile: Path, tmp_path: Path) -> None:
    """SSL without SASL: the PEM file holds certificate and key."""
    mine = tmp_path / "mine.pem"
    trustme.CA().issue_cert("me@example.com").private_key_and_cert_chain_pem.write_to_path(str(mine))
    kafka = KafkaSettings(security_protocol="SSL", ssl_cafile=cafile, ssl_certfile=mine)
    faust = credentials(Settings(kafka=kafka))

    assert faust is not None
    assert faust.protocol.value == "SSL"


@pytest.mark.parametrize("key", ["ssl_cafile", "ssl_certfile"])
def test_a_file_that_is_none_is_named(key: str, cafile: Path) -> None:
    """Missing or not PEM: the key of thalweg.yaml."""
    files = {"ssl_cafile": cafile, key: cafile.with_name("nowhere.pem")}
    settings = Settings(kafka=KafkaSettings(security_protocol="SSL", **files))
    with pytest.raises(ConfigError, match=f"kafka.{key}: cannot be used: No such file"):
        connection(settings)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"security_protocol": "SASL_SSL"}, "needs sasl_username"),
        ({"security_protocol": "SASL_PLAINTEXT", "sasl_username": "u", "sasl_mechanism": "PLAIN"}, "unencrypted"),
        ({"ssl_cafile": "ca.pem"}, "do nothing"),
    ],
)
def test_a_link_that_would_not_be_what_it_says_is_refused(given: dict[str, str], word: str) -> None:
    """No user, a password in the clear, certificates that nobody would look at."""
    with pytest.raises(ValidationError, match=word):
        KafkaSettings.model_validate(given)
