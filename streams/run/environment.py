"""The settings of an embedded run, and the same as variables: the way a worker takes them in production too."""

import os
from pathlib import Path

from streams.settings import Settings
from streams.warehouse.target import Target

EMBEDDED_SESSION_TIMEOUT = 6.0
"""Seconds. The embedded broker lets a group join only after half of it."""


def bounded_settings(settings: Settings, brokers: str, generation: int, incarnation: int, target: Target) -> Settings:
    """The settings of an embedded run: the user's, on this broker and store, in bounded mode."""
    kafka = settings.kafka.model_copy(
        update={
            "brokers": brokers,
            "idempotent": False,
            "session_timeout": EMBEDDED_SESSION_TIMEOUT,
            "generation": generation,
            "raw_incarnation": incarnation,
        }
    )
    return settings.model_copy(update={"kafka": kafka, "clickhouse": target.clickhouse, "bounded": True})


def worker_environment(settings: Settings, target: Target, config: Path | None, data_dir: Path) -> dict[str, str]:
    """The same settings as environment variables, which is how a worker takes them in production too."""
    kafka, clickhouse = settings.kafka, target.clickhouse
    ours = {
        "THALWEG_KAFKA__BROKERS": kafka.brokers,
        "THALWEG_KAFKA__IDEMPOTENT": str(kafka.idempotent).lower(),
        "THALWEG_KAFKA__SESSION_TIMEOUT": str(kafka.session_timeout),
        "THALWEG_KAFKA__GENERATION": str(kafka.generation),
        "THALWEG_KAFKA__RAW_INCARNATION": str(kafka.raw_incarnation),
        "THALWEG_CLICKHOUSE__HOST": clickhouse.host,
        "THALWEG_CLICKHOUSE__PORT": str(clickhouse.port),
        "THALWEG_CLICKHOUSE__USER": clickhouse.user,
        "THALWEG_CLICKHOUSE__DATABASE": clickhouse.database,
        "THALWEG_CLICKHOUSE_PASSWORD": target.password,
        "THALWEG_SECRET": target.secret.decode(),
        "THALWEG_APP_ID": settings.app_id,
        "THALWEG_BOUNDED": "true",
        "THALWEG_DATA_DIR": str(data_dir),
    }
    if config is not None:
        ours["THALWEG_CONFIG"] = str(config.resolve())
    return {**os.environ, **ours}
