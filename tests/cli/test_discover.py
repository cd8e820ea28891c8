import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.migrate import migrate
from streams.warehouse.target import open_target
from tests.models.discovery.planted import Site, plant

pytest.importorskip("sklearn", reason="the extra `models` is not installed")
MADE = plant(Site(sessions=6_000, seed=11))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with planted funnels, its server running, so that commands attach."""
    folder = tmp_path_factory.mktemp("discover") / "store"
    with open_target(str(folder), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        migrate(client, target.clickhouse.database)
        rows = [
            (
                UUID(int=n + 1),
                "shop" if n else "tiny",
                UUID(int=n + 1),
                1_772_409_600 + n,
                steps,
                [*range(len(steps))],
                1,
            )
            for n, steps in enumerate(MADE.sessions)
        ]
        client.execute(
            f"INSERT INTO {target.clickhouse.database}.sessions (session_id, app_id, visitor_id, start_tstamp, steps,"
            " step_offsets_ms, version) VALUES",
            rows,
        )
        client.disconnect()
        yield folder


def thalweg(*words: str) -> Result:
    """The command."""
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


def test_found_funnels_are_told_kept_and_saved(store: Path, tmp_path: Path) -> None:
    """As JSON; in the table under the same ids, twice; in a file that `thalweg funnel` counts to the same numbers."""
    saved = tmp_path / "found.yaml"
    words = ("discover", "--store", str(store), "--app", "shop")
    first = json.loads(thalweg(*words, "--json", "--save", str(saved)).stdout)
    again = json.loads(thalweg(*words, "--json").stdout)

    assert {tuple(step["step"] for step in found["steps"]) for found in first["findings"]} == set(MADE.funnels)
    moving = ("patterns", "drift")
    assert {key: again[key] for key in again if key not in moving} == {
        key: first[key] for key in first if key not in moving
    } | {"ids_that_stayed": len(MADE.funnels)}
    kept = thalweg(
        "sql", "--store", str(store), "SELECT toString(funnel_id) AS id FROM funnels_v", "--format", "JSONEachRow"
    )
    assert {json.loads(line)["id"] for line in kept.stdout.splitlines()} == {f["funnel_id"] for f in first["findings"]}
    counted = thalweg("funnel", "--store", str(store), "--app", "shop", "--file", str(saved), "--json").stdout
    told = {line["name"]: line["steps"] for line in map(json.loads, counted.splitlines())}
    assert told == {found["name"]: found["steps"] for found in first["findings"]}


def test_a_person_reads_what_was_found(store: Path) -> None:
    """Names, steps, and how sure it is."""
    done = thalweg("discover", "--store", str(store), "--app", "shop")

    assert done.exit_code == 0
    assert all(step in done.stdout for funnel in MADE.funnels for step in funnel)
    assert done.stdout.count("lift") == len(MADE.funnels)
    assert "6 confirmed" in done.stderr


def test_a_goal_is_explored_without_a_trace(store: Path) -> None:
    """What leads to it is printed; the kept funnels stay. A goal that is no step is refused, one unknown is said."""
    words = ("discover", "--store", str(store), "--app", "shop", "--goal")
    before = thalweg("sql", "--store", str(store), "SELECT * FROM funnels_v ORDER BY funnel_id").stdout
    goal = MADE.funnels[3][-1]

    found = json.loads(thalweg(*words, goal, "--json").stdout)["findings"]

    assert [tuple(step["step"] for step in each["steps"]) for each in found] == [MADE.funnels[3]]
    assert thalweg("sql", "--store", str(store), "SELECT * FROM funnels_v ORDER BY funnel_id").stdout == before
    assert "is no step" in str(thalweg(*words, "buy").exception)
    assert f"did you mean {goal}" in thalweg(*words, goal + "x").stderr.replace("\n", " ")


def test_too_little_is_said_and_takes_nothing_away(store: Path) -> None:
    """Exit code 0, the reason on stderr."""
    done = thalweg("discover", "--store", str(store), "--app", "tiny", "--json")

    assert done.exit_code == 0
    assert "too little to look for funnels" in done.stderr
    assert json.loads(done.stdout)["findings"] == []


def test_patterns_are_told_kept_and_assigned(store: Path) -> None:
    """The same ids and sizes from run to run and by the saved model, which a damage refuses in words."""
    words = ("discover", "--store", str(store), "--app", "shop")
    thalweg(*words)
    first = json.loads(thalweg(*words, "--json").stdout)
    screen = thalweg(*words)
    assigned = json.loads(thalweg(*words, "--assign", "--json").stdout)
    shown = thalweg(*words, "--assign")

    sizes = {each["id"]: each["sessions"] for each in first["patterns"]}
    assert sum(sizes.values()) == len(MADE.sessions) - 1
    assert [each["kind"] for each in first["patterns"]] == ["funnel"] * len(MADE.funnels) + ["other"]
    assert {each["id"] for each in first["patterns"][:-1]} == {each["funnel_id"] for each in first["findings"]}
    assert (first["drift"]["moved"], first["drift"]["stayed"]) == (0, len(sizes))
    assert {each["id"]: each["sessions"] for each in assigned["sizes"]} == sizes
    assert assigned["model_version"] == first["patterns_model_version"]
    assert all(each["name"] in screen.stdout for each in first["patterns"])
    assert "one cluster: no number of clusters" in screen.stdout
    assert "all other sessions" in shown.stdout
    kept = thalweg("sql", "--store", str(store), "SELECT count(), uniqExact(pattern_id) FROM session_patterns_v")
    assert f"{len(MADE.sessions) - 1}" in kept.stdout


def test_nothing_can_be_assigned_without_a_model(store: Path) -> None:
    """Said, with the command that makes one; questions that --assign cannot answer are refused."""
    words = ("discover", "--store", str(store), "--app", "tiny", "--assign")

    assert "no saved model of patterns for app 'tiny'" in str(thalweg(*words).exception)
    assert "--assign finds no funnels" in str(thalweg(*words, "--goal", "event:X").exception)


def test_a_damaged_model_assigns_nothing(store: Path) -> None:
    """Refused in words, and nothing is written; a run that learns anew says what it costs, in JSON too."""
    words = ("discover", "--store", str(store), "--app", "shop")
    thalweg(*words)
    with open_target(str(store), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        database = target.clickhouse.database
        damage = (
            f"INSERT INTO {database}.pattern_models SELECT app_id, model_version, concat(body, ' '), checksum,"
            f" version + 1 FROM {database}.pattern_models FINAL WHERE app_id = 'shop'"
        )
        client.execute(damage)
        before = client.execute(f"SELECT max(version) FROM {database}.session_patterns")

        refused = thalweg(*words, "--assign")

        assert "the saved model of patterns is damaged" in str(refused.exception)
        assert client.execute(f"SELECT max(version) FROM {database}.session_patterns") == before
        assert "is damaged" in json.loads(thalweg(*words, "--json").stdout)["damaged"]
        client.execute(damage)
        client.disconnect()
    assert "clusters have new ids" in thalweg(*words).stderr.replace("\n", " ")
