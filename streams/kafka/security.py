"""How a client reaches the brokers: addresses, TLS and SASL, from one set of settings."""

import ssl
from typing import Any

from faust import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from streams.errors import ConfigError
from streams.settings import Settings


def connection(settings: Settings) -> dict[str, Any]:
    """Keyword arguments of every aiokafka client. Raises ConfigError where a certificate or key cannot be read.

    Source: kafka.apache.org/documentation/#security; aiokafka's AIOKafkaConsumer.
    """
    kafka = settings.kafka
    found = {**plain(kafka.brokers), "security_protocol": kafka.security_protocol, "ssl_context": tls(settings)}
    if kafka.with_sasl:
        found["sasl_mechanism"] = kafka.sasl_mechanism
        found["sasl_plain_username"] = kafka.sasl_username
        found["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return found


def plain(brokers: str) -> dict[str, Any]:
    """The same for brokers that ask for neither TLS nor SASL: those we start ourselves on this machine."""
    return {"bootstrap_servers": servers(brokers)}


def credentials(settings: Settings) -> CredentialsT | None:
    """The same for Faust, which builds its own consumer."""
    kafka, context = settings.kafka, tls(settings)
    if kafka.with_sasl:
        return SASLCredentials(
            username=kafka.sasl_username,
            password=settings.kafka_password.get_secret_value(),
            mechanism=kafka.sasl_mechanism,
            ssl_context=context,
        )
    return SSLCredentials(context) if context is not None else None


def tls(settings: Settings) -> ssl.SSLContext | None:
    """Checks the brokers' certificates and names; shows our own where one is set. None without TLS."""
    kafka = settings.kafka
    if not kafka.with_tls:
        return None
    key = "kafka.ssl_cafile"
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile)
        if kafka.ssl_certfile is not None:
            key = "kafka.ssl_certfile"
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(f"{key}: cannot be used: {reason}", "name a readable PEM file") from None
    return context


def servers(brokers: str) -> list[str]:
    """``host:port`` of each broker of a list with commas."""
    return [each.strip() for each in brokers.split(",")]
