"""The settings model and its two sources: what is read, what goes first, and how each mistake is worded."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.config import CONFIG_VARIABLE, keys_of, variables_of
from streams.errors import ConfigError
from streams.settings import Settings, load_settings

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE = DOCS / "thalweg.reference.yaml"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*variables_of(Settings), CONFIG_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test may write its settings."""
    return tmp_path / "thalweg.yaml"


def refusal(file: Path | None, text: str = "", **overrides: Any) -> str:
    """The words of the error this file raises."""
    if file is not None and text:
        file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, **overrides)
    return str(caught.value)


def test_without_file_and_variables_the_defaults_hold() -> None:
    """Nothing need be set."""
    assert load_settings() == Settings()


def test_environment_goes_before_file_and_overrides_before_both(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Command line > environment > file > default, key by key."""
    file.write_text("kafka: {brokers: 'file:1', raw_topic: f}\nflush: {rows: 1}\nidle: 3\n")
    monkeypatch.setenv("THALWEG_KAFKA__BROKERS", "variable:2")
    monkeypatch.setenv("THALWEG_FLUSH__ROWS", "2")

    settings = load_settings(file, flush={"rows": 7}, app_id=None)

    kafka = settings.kafka
    assert ("variable:2", "f", "enriched") == (kafka.brokers, kafka.raw_topic, kafka.enriched_topic)
    assert (7, 3, "default") == (settings.flush.rows, settings.idle, settings.app_id)


def test_thalweg_config_names_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path the variable's file is read."""
    file.write_text("app_id: shop\n")
    monkeypatch.setenv(CONFIG_VARIABLE, str(file))

    assert load_settings().app_id == "shop"


def test_an_app_inherits_what_it_does_not_change(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry of `apps` holds only changes of `sessions`; an app without entry follows `sessions`."""
    file.write_text("sessions: {gap: 900, lateness: 60}\napps: {Shop: {longest: 7200}, blog: {gap: 1800}}\n")
    monkeypatch.setenv("THALWEG_APPS__Shop__LATENESS", "30")

    settings = load_settings(file)

    shop, blog, other = (settings.session_options(app) for app in ("Shop", "blog", "other"))
    assert (900, 7200, 30) == (shop.gap, shop.longest, shop.lateness)
    assert (1800, 86_400, 60) == (blog.gap, blog.longest, blog.lateness)
    assert settings.sessions == other


def test_an_app_changes_limits_and_names_its_hosts(file: Path) -> None:
    """Key by key: what it does not name of `limits` is that of all apps."""
    file.write_text(
        "limits: {record_events: 7, properties: 9}\n"
        "apps: {shop: {hosts: [shop.example, 'http://intra:8080'], limits: {properties: 3}}, blog: {}}\n"
    )
    apps = load_settings(file).apps

    assert apps["shop"].hosts == ["shop.example", "http://intra:8080"]
    assert (apps["shop"].limits.record_events, apps["shop"].limits.properties) == (7, 3)
    assert (apps["blog"].limits.record_events, apps["blog"].limits.properties) == (7, 9)


def test_a_key_without_value_is_not_given(file: Path) -> None:
    """A section whose lines are all commented out is no mistake."""
    file.write_text("kafka:\n  # brokers: x\ngeo:\n  city:\nformat:\n")

    assert load_settings(file) == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kafka: {brokrs: x}", "kafka.brokrs: unknown key; did you mean brokers?"),
        ("apps: {shop: {hosts: ['a b']}}", "apps.shop.hosts.0: String should match pattern"),
        ("schemas: {unknown: dead}", "schemas: `unknown: dead` without a `folder` refuses every schema"),
        ("unknown_apps: drop", "unknown_apps: should be 'accept' or 'dead' (is 'drop')"),
        ("limits: {record_bytes: 2000000}", "limits.record_bytes: should be less than or equal to 1000000"),
        ("apps: {shop: {gpa: 3}}", "apps.shop.gpa: unknown key; did you mean gap?"),
        ("zzz: 1", "zzz: unknown key"),
        ("flush: {rows: 0}", "flush.rows: should be greater than 0 (is '0')"),
        ("flush: {rows: many}", "flush.rows: should be a valid integer"),
        ("flush: [1]", "flush: should be a valid dictionary"),
        ("format: csv", "format: should be 'combined', 'segment', 'snowplow' or 'snowplow-thrift' (is 'csv')"),
        ("clickhouse: {database: 'a; b'}", "clickhouse.database: String should match pattern"),
        ("- a", "holds a list, not keys"),
        ("kafka:\n\tbrokers: x", "line 2, column 1: found character"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed here"),
        ("secret: 0123456789abcdef0123456789abcdef", "secret: a secret does not belong in this file"),
    ],
)
def test_a_mistake_in_the_file_names_file_key_and_mend(file: Path, text: str, said: str) -> None:
    """Every refusal tells where, what, and how to mend it."""
    words = refusal(file, text)

    assert str(file) in words
    assert said in words
    assert "mend:" in words


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file and one that is not text are refused, not ignored."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"app_id: \xff")

    assert f"{tmp_path}/none.yaml: cannot be read: No such file" in refusal(tmp_path / "none.yaml")
    assert f"{binary}: is not UTF-8 text (byte 8)" in refusal(binary)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("THALWEG_KAFKA__BROKRES", "x", "no setting has this variable; did you mean THALWEG_KAFKA__BROKERS?"),
        ("THALWEG_KAFKA", "x", "no setting has this variable"),
        ("THALWEG_KAFKA__BROKERS__X", "x", "no setting has this variable"),
        ("THALWEG_APPS__shop", "x", "no setting has this variable"),
        ("THALWEG_IDLE", "soon", "idle: should be a valid integer"),
        ("THALWEG_APPS__Shop__GAP", "0", "apps.Shop.gap: should be greater than 0 (is '0')"),
    ],
)
def test_a_mistake_in_a_variable_names_it(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """An unknown THALWEG_ variable is refused as an unknown key is."""
    monkeypatch.setenv(variable, value)

    assert f"{variable}: {said}" in refusal(None)


def test_variables_of_the_tests_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """THALWEG_SHARED and THALWEG_TEST_… pass by."""
    monkeypatch.setenv("THALWEG_SHARED", "x")
    monkeypatch.setenv("THALWEG_TEST_FAIL_AT", "x")

    assert load_settings() == Settings()


def test_all_mistakes_are_told_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One error lists them, each with its own source."""
    monkeypatch.setenv("THALWEG_IDLE", "x")
    monkeypatch.setenv("THALWEG_NONE", "x")

    words = refusal(file, "flush: {rows: 0}\nnone: 1\n", clickhouse={"port": 0})

    assert re.findall(r"^  (\S.*?): [a-z._A-Z ]+[:;]", words, re.MULTILINE) != []
    for source in (
        "THALWEG_IDLE: idle",
        "THALWEG_NONE",
        f"{file}: flush.rows",
        f"{file}: none",
        "command line: clickhouse",
    ):
        assert source in words


CANARY = "canary-0123456789abcdef-0123456789abcdef"


def test_a_secret_never_shows(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a repr, nor a dump, nor any refusal holds it: in a variable, misspelt, or in the file by mistake."""
    monkeypatch.setenv("THALWEG_SECRET", CANARY)
    monkeypatch.setenv("THALWEG_CLICKHOUSE_PASSWORD", CANARY)
    settings = load_settings()
    assert CANARY not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"

    monkeypatch.setenv("THALWEG_SECERT", CANARY)
    for text in (
        f"secret: {CANARY}",
        f"secret: [{CANARY}]",
        f"secert: {CANARY}",
        f"a: {CANARY}: b",
        f"secret: '{CANARY}",
    ):
        assert CANARY not in refusal(file, text)


def test_reference_documents_every_key_with_its_default() -> None:
    """docs/thalweg.reference.yaml is complete, names each variable, and changes nothing."""
    text = REFERENCE.read_text()

    assert load_settings(REFERENCE) == Settings()
    lines = [line.split("# THALWEG_") for line in text.splitlines()]
    documented = {f"THALWEG_{line[1].strip()}" for line in lines if len(line) == 2}
    own = {name for name in variables_of(Settings) if "__NAME__" not in name}
    assert own <= documented


def test_every_setting_is_described() -> None:
    """A key without words for the reader is not done."""
    for path in keys_of(Settings):
        model: Any = Settings
        for key in path[:-1]:
            model = model.model_fields[key].annotation if key != "NAME" else model
            model = getattr(model, "__args__", (None, model))[1]
        assert model.model_fields[path[-1]].description, ".".join(path)


def test_minimal_file_is_enough() -> None:
    """docs/thalweg.minimal.yaml loads, and every key in it differs from the default."""
    settings = load_settings(DOCS / "thalweg.minimal.yaml")

    data = yaml.safe_load((DOCS / "thalweg.minimal.yaml").read_text())
    assert settings.kafka.brokers == data["kafka"]["brokers"] != Settings().kafka.brokers
    assert settings.clickhouse.host == data["clickhouse"]["host"] != Settings().clickhouse.host


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sessions: {timezone: Europe/Berln}", "sessions.timezone: is no IANA time zone"),
        (
            "sessions: {goals: [{name: a, event: x, page: y}]}",
            "sessions.goals.0: goal 'a' needs one of `event` and `page`",
        ),
        ("sessions: {goals: [{name: a}]}", "sessions.goals.0: goal 'a' needs one of `event` and `page`"),
        ("sessions: {goals: [{name: a, pag: x}]}", "sessions.goals.0.pag: unknown key"),
        ("apps: {s: {goals: [{name: a, page: x}, {name: a, page: y}]}}", "apps.s.goals: two goals have the name 'a'"),
    ],
)
def test_a_wrong_zone_or_goal_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    """File, key path, and what is wrong."""
    path = tmp_path / "thalweg.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_settings(path)
    assert f"{path}: {complaint}" in str(refused.value)
