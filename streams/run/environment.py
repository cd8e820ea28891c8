"""The settings of an embedded run, and the same as variables: the way a worker takes them in production too."""

import os
from pathlib import Path

from pydantic import BaseModel

from streams.keyring.ring import STORE_KEYS
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


def worker_environment(
    settings: Settings, target: Target, secret: bytes, config: Path | None, data_dir: Path
) -> dict[str, str]:
    """The same settings as environment variables, over the user's file."""
    ours = {
        **_variables("KAFKA", settings.kafka),
        **_variables("CLICKHOUSE", target.clickhouse),
        "THALWEG_CLICKHOUSE_PASSWORD": target.password,
        "THALWEG_SECRET": secret.decode(),
        "THALWEG_APP_ID": settings.app_id,
        "THALWEG_BOUNDED": "true",
        "THALWEG_DATA_DIR": str(data_dir),
    }
    if config is not None:
        ours["THALWEG_CONFIG"] = str(config.resolve())
    if settings.keys is None and settings.keys_file is None and target.folder is not None:
        own_keys = target.folder / STORE_KEYS
        ours |= {"THALWEG_KEYS_FILE": str(own_keys.resolve())} if own_keys.exists() else {}
    return {**os.environ, **ours}


def _variables(section: str, values: BaseModel) -> dict[str, str]:
    """A section's values as variables; what is not set is left out."""
    told = values.model_dump(mode="json", exclude_none=True)
    return {f"THALWEG_{section}__{key.upper()}": str(value) for key, value in told.items()}
