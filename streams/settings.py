"""The one settings model: thalweg.yaml, overlaid by THALWEG_… variables. Unknown keys are refused.

``THALWEG_KAFKA__BROKERS=host:9092`` sets ``kafka.brokers``: two underscores step into a section. Secrets come only from
the environment or a file, never from thalweg.yaml, and never show in a repr. An unknown key or variable is refused.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from streams.config import (
    CONFIG_VARIABLE,
    Sources,
    explain,
    merge,
    read_environment,
    read_file,
    secrets_in,
    without_empty,
)

MOST_DAYS = 36_500
"""A century: ClickHouse's Date ends in 2149."""
FormatName = Literal["combined", "segment", "snowplow", "snowplow-thrift"]
FileFormat = Literal["combined", "segment", "snowplow", "records"]
"""What the lines of a file may be."""
_HOST = r"^(https?://)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(_Section):
    """The brokers, topics and client limits."""

    brokers: str = Field("127.0.0.1:9092", description="host:port, several by commas")
    raw_topic: str = Field("raw", min_length=1, description="events as received; restricted zone")
    enriched_topic: str = Field("enriched", min_length=1, description="anonymized, enriched events")
    dead_topic: str = Field("dead", min_length=1, description="records that could not be used; restricted zone")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how the brokers are reached; SASL_SSL where the network is not yours alone"
    )
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="of SASL; PLAIN only over TLS"
    )
    sasl_username: str = Field("", description="of SASL; its password is THALWEG_KAFKA_PASSWORD")
    ssl_cafile: Path | None = Field(None, description="PEM file of the authorities to trust; none: the system's")
    ssl_certfile: Path | None = Field(None, description="PEM file of our own certificate, where brokers ask for one")
    ssl_keyfile: Path | None = Field(None, description="PEM file of its key; none: it is in ssl_certfile")
    group_prefix: str = Field("thalweg", description="consumer groups are PREFIX-enrich and PREFIX-sessions")
    raw_incarnation: int = Field(1, ge=1, description="n of raw_topic name@n; raise it when the topic is made anew")
    generation: int = Field(1, ge=1, description="generation of the enriched topic; raise it when made anew")
    idempotent: bool = Field(True, description="off only for a broker without InitProducerId (the embedded one)")
    session_timeout: float = Field(30.0, gt=0, description="seconds without a heartbeat until a worker counts as dead")
    heartbeat_interval: float = Field(3.0, gt=0, description="seconds; well below session_timeout")
    rebalance_timeout: float = Field(120.0, gt=0, description="seconds; longer than the longest insert")
    request_timeout: float = Field(60.0, gt=0, description="seconds until a request to a broker is given up")
    commit_interval: float = Field(1.0, gt=0, description="seconds between commits of acknowledged offsets")
    fetch_max_bytes: int = Field(1 << 20, gt=0, description="bytes per partition and fetch, compressed")
    max_batch_bytes: int = Field(1 << 20, gt=0, description="bytes of the largest record batch we write")

    @property
    def with_tls(self) -> bool:
        """Whether the link is encrypted."""
        return self.security_protocol.endswith("SSL")

    @property
    def with_sasl(self) -> bool:
        """Whether we say who we are by name and password."""
        return self.security_protocol.startswith("SASL")

    @model_validator(mode="after")
    def _safe_link(self) -> "KafkaSettings":
        if self.with_sasl and not self.sasl_username:
            raise ValueError(f"security_protocol {self.security_protocol} needs sasl_username")
        if self.security_protocol == "SASL_PLAINTEXT" and self.sasl_mechanism == "PLAIN":
            raise ValueError("sasl_mechanism PLAIN would send the password unencrypted: use SASL_SSL, or SCRAM-SHA-512")
        if not self.with_tls and (self.ssl_cafile or self.ssl_certfile or self.ssl_keyfile):
            raise ValueError(f"ssl_… files do nothing with security_protocol {self.security_protocol}")
        return self


class ClickHouseSettings(_Section):
    """Where the warehouse listens (native protocol). Its password comes from THALWEG_CLICKHOUSE_PASSWORD."""

    host: str = Field("127.0.0.1", min_length=1, description="name or address")
    port: int = Field(9000, ge=1, le=65535, description="of the native protocol, not HTTP")
    user: str = Field("default", description="needs INSERT and SELECT; CREATE and ALTER for `thalweg migrate`")
    database: str = Field("thalweg", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="made by `thalweg migrate`")
    secure: bool = Field(False, description="TLS, with the server's certificate checked")
    ca_certs: Path | None = Field(None, description="PEM file of the authorities to trust; none: the system's")


class GoalSettings(_Section):
    """A goal of an app: what reaches it, and what that is worth. ``*`` stands for any characters, ``?`` for one."""

    name: str = Field(min_length=1, max_length=100, description="as it stands in column goals")
    event: str | None = Field(None, min_length=1, description="name of the event, else its kind; with * and ?")
    page: str | None = Field(None, min_length=1, description="path of a viewed page; with * and ?")
    value: str | None = Field(None, min_length=1, description="property that holds a number, or se_value")

    @model_validator(mode="after")
    def _one_way(self) -> "GoalSettings":
        if (self.event is None) == (self.page is None):
            raise ValueError(f"goal {self.name!r} needs one of `event` and `page`, not both")
        return self


class SessionSettings(_Section):
    """Rules of the session fold. A change holds from then on; past sessions keep theirs."""

    gap: int = Field(1800, gt=0, description="seconds of inactivity; a gap of exactly this stays in the session")
    longest: int = Field(86_400, gt=0, description="seconds from a session's first event to its last")
    lateness: int = Field(600, ge=0, description="seconds; how old an event may be on arrival, older ones are late")
    dedup_window: int = Field(3600, ge=0, description="seconds; copies of an event id at most this apart are one event")
    max_steps: int = Field(500, gt=0, description="steps kept per session; more are cut, with a flag")
    update_interval: int = Field(60, ge=0, description="seconds; how old the row of an open session may be")
    max_open_events: int = Field(
        10_000, ge=10, description="events held open per visitor, and 5 times as many ids; more are capped, with a flag"
    )
    cut_at_midnight: bool = Field(False, description="a session ends with the local date of `timezone`")
    timezone: str = Field("UTC", description="IANA name, as Europe/Berlin")
    cut_at_campaign: bool = Field(False, description="a view with another campaign than the landing page's begins one")
    goals: list[GoalSettings] = Field(
        [], max_length=100, description="each {name, event or page, value}; event and page may hold * and ?"
    )

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (LookupError, ValueError, OSError):
            raise ValueError("is no IANA time zone, as Europe/Berlin") from None
        return timezone

    @field_validator("goals")
    @classmethod
    def _unlike(cls, goals: list[GoalSettings]) -> list[GoalSettings]:
        names = [goal.name for goal in goals]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two goals have the name {twice[0]!r}")
        return goals


class TableRetentionSettings(_Section):
    """Days that rows of a table are kept, today included; without a value for ever."""

    events: int | None = Field(None, ge=1, le=MOST_DAYS, description="days of events, by derived_tstamp")
    sessions: int | None = Field(None, ge=1, le=MOST_DAYS, description="days of sessions, by start_tstamp")
    outcomes: int | None = Field(None, ge=1, le=MOST_DAYS, description="days of outcomes, by arrival_tstamp")
    visitors: int | None = Field(None, ge=1, le=MOST_DAYS, description="days of visitors, by last_seen_tstamp")
    findings: int | None = Field(
        None,
        ge=1,
        le=MOST_DAYS,
        description="days of funnels, funnel_steps, patterns and pattern_models, by written_tstamp; else as sessions",
    )


class RetentionSettings(TableRetentionSettings):
    """How long data is kept. `thalweg migrate` sets the tables' TTL; `thalweg doctor` checks it, and the topics."""

    raw_hours: int = Field(168, ge=1, description="hours that topic raw may keep a record")
    dead_hours: int = Field(720, ge=1, description="hours that topic dead may keep a record")
    apps: dict[str, TableRetentionSettings] = Field({}, description="per app_id: the tables whose days it changes")


class LimitSettings(_Section):
    """What an app may send at most; what is above is dead, `too_large`. An app changes them under `apps`."""

    record_bytes: int = Field(1_000_000, ge=1, le=1_000_000, description="bytes of one record, inflated")
    record_events: int = Field(1_000, ge=1, le=100_000, description="events of one record")
    properties: int = Field(255, ge=0, le=10_000, description="properties of one event")


class SchemaSettings(_Section):
    """JSON schemas (draft 4) that self-describing events and contexts are checked against. Read at start."""

    folder: Path | None = Field(None, description="laid out as Iglu's: schemas/VENDOR/NAME/jsonschema/1-0-0")
    unknown: Literal["accept", "dead"] = Field("accept", description="what a schema that is not there gets")

    @model_validator(mode="after")
    def _known_somewhere(self) -> "SchemaSettings":
        if self.folder is None and self.unknown == "dead":
            raise ValueError("`unknown: dead` without a `folder` refuses every schema")
        return self


class AppSettings(SessionSettings):
    """One app: the keys of ``sessions`` it changes, its hosts, its limits."""

    hosts: list[Annotated[str, Field(pattern=_HOST)]] = Field(
        [], max_length=100, description="the site's hosts; pages of a log without host are on the first"
    )
    limits: LimitSettings = LimitSettings()


class FlushSettings(_Section):
    """When the sessions worker inserts: at the first limit reached. Its partitions share rows and bytes evenly."""

    rows: int = Field(50_000, gt=0, description="records waiting in one worker; at least 1,000 a partition")
    bytes: int = Field(64 << 20, gt=0, description="bytes waiting in one worker; at least 1 MiB a partition")
    interval: float = Field(1.0, ge=0, description="seconds since the first record waits")


class RebuildSettings(_Section):
    """When late events are adopted. One worker does it for all apps."""

    every: int = Field(3600, ge=1, description="seconds from one rebuild of `thalweg worker rebuild` to the next")
    window_days: int = Field(400, ge=1, description="how far back from the newest event late ones are looked for")


class GeoSettings(_Section):
    """MaxMind-format databases. Without a path the embedded GeoLite2 (2018) is used if installed, else no geo."""

    city: Path | None = Field(None, description="country, region, city, coordinates, time zone")
    asn: Path | None = Field(None, description="number and organization of the autonomous system")


class EnrichSettings(_Section):
    """Files that replace or extend the data the enrichments bring along, and when changed files are looked for."""

    agents: Path | None = Field(None, description="a regexes.yaml of uap-core; none: the one installed")
    crawlers: Path | None = Field(None, description="a crawler-user-agents.json; none: the one installed")
    referrers: Path | None = Field(None, description="sites of your own, which go before the known ones")
    bot_networks: Path | None = Field(None, description="networks of programs, in place of the known ones")
    internal_hosts: list[str] = Field(
        [], max_length=1000, description="hosts of your own, with all below them: referrers from there are internal"
    )
    reload_interval: float = Field(
        10.0, ge=0, description="seconds between looks at these files and those of `geo`; 0: never look again"
    )


def _missing(own: AppSettings, common: SessionSettings, limits: LimitSettings) -> dict[str, Any]:
    """What an app takes from the settings of all apps."""
    inherited = {key: getattr(common, key) for key in SessionSettings.model_fields if key not in own.model_fields_set}
    changed = {key: getattr(own.limits, key) for key in own.limits.model_fields_set}
    return inherited | {"limits": limits.model_copy(update=changed)}


class Settings(_Section):
    """All of it. ``load_settings`` is the way to make one."""

    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    sessions: SessionSettings = SessionSettings()
    limits: LimitSettings = LimitSettings()
    apps: dict[str, AppSettings] = Field({}, description="per app_id: the keys of `sessions` it changes, hosts, limits")
    unknown_apps: Literal["accept", "dead"] = Field("accept", description="what an app that is not under `apps` gets")
    schemas: SchemaSettings = SchemaSettings()
    flush: FlushSettings = FlushSettings()
    rebuild: RebuildSettings = RebuildSettings()
    geo: GeoSettings = GeoSettings()
    enrich: EnrichSettings = EnrichSettings()
    retention: RetentionSettings = RetentionSettings()

    rules: Path | None = Field(None, description="the rules file; none: those of `thalweg rules defaults`")
    app_id: str = Field("default", description="where nothing in the input names the app")
    format: FormatName | None = Field(None, description="where no header `format` names it")
    disorder: int = Field(600, ge=0, description="seconds a collector's clock may be behind Kafka's; all apps")
    idle: int = Field(10, ge=1, description="seconds; a partition at its head is heard up to now less this")
    max_age_days: int = Field(400, ge=1, description="an event older than this on arrival is dead, `time_range`")
    bounded: bool = Field(False, description="files, not a live topic: arrival times come from collector_tstamp")
    data_dir: Path = Field(Path(), description="where a worker keeps Faust's files")
    watchdog: float = Field(
        300.0, ge=0, description="seconds without a commit while work waits until a worker ends with 70; 0 is off"
    )
    metrics_host: str = Field("127.0.0.1", description="address the metrics listen on; 0.0.0.0 for all")
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus asks here; 0 is off")

    secret: SecretStr | None = Field(None, description="THALWEG_SECRET only: at least 32 characters")
    secret_file: Path | None = Field(None, description="a file holding it, mode 0600; THALWEG_SECRET goes before it")
    keys: SecretStr | None = Field(None, description="THALWEG_KEYS only: the text of a key file")
    keys_file: Path | None = Field(None, description="keys that rules name, mode 0600; THALWEG_KEYS goes before it")
    kafka_password: SecretStr = Field(SecretStr(""), description="THALWEG_KAFKA_PASSWORD only")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="THALWEG_CLICKHOUSE_PASSWORD only")

    @field_validator("apps")
    @classmethod
    def _inherit(cls, apps: dict[str, AppSettings], info: ValidationInfo) -> dict[str, AppSettings]:
        """An app changes the keys it names; the others are those of ``sessions`` and ``limits``."""
        common, limits = info.data.get("sessions"), info.data.get("limits")
        if common is None or limits is None:  # itself refused: that error stands for both
            return apps
        return {app: own.model_copy(update=_missing(own, common, limits)) for app, own in apps.items()}

    def session_options(self, app_id: str) -> SessionSettings:
        """The rules of the session fold for one app."""
        return self.apps.get(app_id, self.sessions)


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Settings from a YAML file, overlaid by the environment, overlaid by ``overrides`` (None: not given).

    Without ``path`` the file is the one THALWEG_CONFIG names, if any. Raises ConfigError, which lists everything that
    is wrong: file or variable, key path, what, and the mend.
    """
    if path is None and os.environ.get(CONFIG_VARIABLE):
        path = Path(os.environ[CONFIG_VARIABLE])
    file = read_file(path) if path else {}
    environment, variables, refused = read_environment(Settings, os.environ)
    refused += secrets_in(Settings, path, file)
    given = without_empty(overrides)
    error = None
    try:
        settings = Settings.model_validate(merge(file, environment, given))
    except ValidationError as found:
        error = found
    if error or refused:
        raise explain(Settings, error, Sources(variables, path, given, tuple(refused))) from None
    return settings
