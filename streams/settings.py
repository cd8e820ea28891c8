"""The one settings model: thalweg.yaml, overlaid by THALWEG_… variables. Unknown keys are refused.

``THALWEG_KAFKA__BROKERS=host:9092`` sets ``kafka.brokers``: two underscores step into a section. Secrets come only from
the environment or a file, never from thalweg.yaml, and never show in a repr.
"""

import os
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from streams.errors import ConfigError

PREFIX = "THALWEG_"
CONFIG_VARIABLE = "THALWEG_CONFIG"
FormatName = Literal["combined", "segment"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(_Section):
    """The brokers, topics and client limits. Times in seconds."""

    brokers: str = Field("127.0.0.1:9092", description="host:port, several by commas")
    raw_topic: str = "raw"
    enriched_topic: str = "enriched"
    dead_topic: str = "dead"
    group_prefix: str = Field("thalweg", description="consumer groups are PREFIX-enrich and PREFIX-sessions")
    raw_incarnation: int = Field(1, ge=1, description="n of raw_topic name@n; raise it when the topic is made anew")
    generation: int = Field(1, ge=1, description="generation of the enriched topic; raise it when made anew")
    idempotent: bool = Field(True, description="off only for a broker without InitProducerId (the embedded one)")
    session_timeout: float = Field(30.0, gt=0)
    heartbeat_interval: float = Field(3.0, gt=0)
    rebalance_timeout: float = Field(120.0, gt=0, description="longer than the longest insert")
    request_timeout: float = Field(60.0, gt=0)
    commit_interval: float = Field(1.0, gt=0)
    fetch_max_bytes: int = Field(1 << 20, gt=0, description="per partition and fetch, compressed")
    max_batch_bytes: int = Field(1 << 20, gt=0, description="largest record batch we write")


class ClickHouseSettings(_Section):
    """Where the warehouse listens (native protocol). The password is ``clickhouse_password`` at top level."""

    host: str = "127.0.0.1"
    port: int = Field(9000, ge=1, le=65535)
    user: str = "default"
    database: str = Field("thalweg", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    secure: bool = False
    ca_certs: Path | None = None


class SessionSettings(_Section):
    """Rules of the session fold, per app. Seconds."""

    gap: int = Field(1800, gt=0, description="inactivity timeout; a gap of exactly this stays in the session")
    longest: int = Field(86_400, gt=0)
    lateness: int = Field(600, ge=0, description="how old an event may be on arrival")
    dedup_window: int = Field(3600, ge=0)
    max_steps: int = Field(500, gt=0)


class FlushSettings(_Section):
    """When the sessions worker inserts: at the first limit reached."""

    rows: int = Field(50_000, gt=0)
    bytes: int = Field(64 << 20, gt=0)
    interval: float = Field(1.0, ge=0, description="seconds since the first record waits")


class GeoSettings(_Section):
    """MaxMind-format databases. Without a path the embedded GeoLite2 (2018) is used if installed, else no geo."""

    city: Path | None = None
    asn: Path | None = None


class Settings(BaseSettings):
    """All of it. ``load_settings`` is the way to make one."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, nested_model_default_partial_update=True
    )

    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    sessions: SessionSettings = SessionSettings()
    apps: dict[str, SessionSettings] = Field({}, description="per app_id: keys of `sessions` to change")
    flush: FlushSettings = FlushSettings()
    geo: GeoSettings = GeoSettings()

    app_id: str = Field("default", description="where nothing in the input names the app")
    format: FormatName | None = Field(None, description="where no header `format` names it")
    disorder: int = Field(600, ge=0, description="seconds a collector's clock may be behind Kafka's; all apps")
    idle: int = Field(10, ge=1, description="seconds; a partition at its head is heard up to now less this")
    max_age_days: int = Field(400, ge=1)
    bounded: bool = Field(False, description="files, not a live topic: arrival times come from collector_tstamp")
    data_dir: Path = Field(Path("."), description="where a worker keeps Faust's files")
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus on 127.0.0.1; 0 is off")

    secret: SecretStr | None = Field(None, description="THALWEG_SECRET: at least 32 characters")
    secret_file: Path | None = Field(None, description="a file holding it, mode 0600")
    clickhouse_password: SecretStr = SecretStr("")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment beats file (the file comes as init arguments)."""
        return env_settings, init_settings
