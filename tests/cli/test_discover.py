import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from streams.settings import load_settings
from streams.warehouse.client import make_client
from streams.warehouse.lease import LeaseLostError, held
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
    assert "--assign learns nothing, so that a seed" in str(thalweg(*words, "--seed", "0").exception)


def contents(store: Path) -> list[str]:
    """All that discovery keeps, rows that lost too."""
    tables = ("funnels", "funnel_steps", "patterns", "session_patterns", "pattern_models")
    query = "SELECT count(), max(version), sum(cityHash64(*)) FROM {table}"
    return [thalweg("sql", "--store", str(store), query.replace("{table}", table)).stdout for table in tables]


def test_two_runs_of_an_app_do_not_write_at_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits, and gives up in words without a trace; another app, or a goal, is not kept waiting."""
    words = ("discover", "--store", str(store), "--app", "shop")
    thalweg(*words)
    monkeypatch.setattr("streams.cli.findings_store.WAIT", 0.0)
    with open_target(str(store), load_settings(None)) as target:
        connect = partial(make_client, target.clickhouse, target.password)
        with held(connect, target.clickhouse.database, "discover of app shop"):
            before = contents(store)
            for more in ((), ("--assign",)):
                assert "another discover of app shop holds this store" in str(thalweg(*words, *more).exception)
            assert thalweg(*words, "--goal", MADE.funnels[3][-1]).exit_code == 0
            assert contents(store) == before
            assert thalweg("discover", "--store", str(store)).exit_code == 0
    assert thalweg(*words).exit_code == 0
    assert contents(store) != before


def test_runs_started_at_once_follow_each_other(store: Path) -> None:
    """Three processes: each writes under a version of its own, and what stands is of one run alone."""
    code = "from streams.cli.main import app; app()"
    words = [sys.executable, "-c", code, "discover", "--store", str(store), "--app", "shop", "--json", "--seed"]
    newest = (
        "sql",
        "--store",
        str(store),
        "SELECT max(version) FROM patterns WHERE app_id = 'shop'",
        "--format",
        "TSV",
    )
    before = int(thalweg(*newest).stdout)
    with ExitStack() as stack:
        runs = [
            stack.enter_context(subprocess.Popen([*words, str(seed)], stdout=subprocess.PIPE, text=True))
            for seed in (0, 1, 2)
        ]
        told = [json.loads(run.communicate(timeout=300)[0]) for run in runs]

    assert [run.returncode for run in runs] == [0, 0, 0]
    assert int(thalweg(*newest).stdout) == before + 3
    last = "SELECT uniqExact(version), any(model_version) FROM patterns_v WHERE app_id = 'shop'"
    alone, model = thalweg("sql", "--store", str(store), last, "--format", "TSV").stdout.split()
    assert (alone, model in {each["patterns_model_version"] for each in told}) == ("1", True)


def test_a_run_that_lost_its_lease_says_so(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held up for longer than the lease holds: another one may have written meanwhile."""
    monkeypatch.setattr("streams.cli.findings_store.held", partial(held, seconds=0.001))
    words = ("discover", "--store", str(store), "--app", "shop")

    for more in ((), ("--assign",)):
        told = thalweg(*words, *more).exception
        assert isinstance(told, LeaseLostError)
        assert "this discover of app shop was held up for longer than its lease holds" in str(told)
    monkeypatch.undo()
    assert thalweg(*words).exit_code == 0


def test_a_damaged_model_assigns_nothing(store: Path) -> None:
    """Refused in words, and nothing is written; a run that learns anew says what it costs, in JSON too."""
    words = ("discover", "--store", str(store), "--app", "shop")
    thalweg(*words)
    with open_target(str(store), load_settings(None)) as target:
        client = make_client(target.clickhouse, target.password)
        database = target.clickhouse.database
        damage = (
            f"INSERT INTO {database}.pattern_models (app_id, model_version, body, checksum, version)"
            " SELECT app_id, model_version, concat(body, ' '), checksum, version + 1"
            f" FROM {database}.pattern_models FINAL WHERE app_id = 'shop'"
        )
        client.execute(damage)
        before = client.execute(f"SELECT max(version) FROM {database}.session_patterns")

        refused = thalweg(*words, "--assign")

        assert "the saved model of patterns is damaged" in str(refused.exception)
        assert client.execute(f"SELECT max(version) FROM {database}.session_patterns") == before
        assert "is damaged" in json.loads(thalweg(*words, "--json").stdout)["refused"]
        client.execute(damage)
        client.disconnect()
    assert "clusters have new ids" in thalweg(*words).stderr.replace("\n", " ")
