import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import re2
import ua_parser
import yaml
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import Parser
from ua_parser.loaders import load_builtins
from ua_parser.re2 import Resolver as Re2Resolver

from streams.enrich.agent_data import open_agents, open_crawlers
from streams.enrich.useragent import Agent
from streams.errors import ConfigError
from tests.enrich.test_useragent import AGENTS

UAP_CORE = "github.com/ua-parser/uap-core@v0.18.0"


def answers_of(parser: Parser, agent: str) -> Agent:
    """ua-parser's answer in our columns."""
    found = parser.parse(agent)
    browser, system, device = found.user_agent, found.os, found.device
    return Agent(
        br_family=browser.family if browser else "",
        br_version=dotted(browser.major, browser.minor, browser.patch) if browser else "",
        os_family=system.family if system else "",
        os_version=dotted(system.major, system.minor, system.patch) if system else "",
        dvce_family=device.family if device else "",
    )


def dotted(*parts: str | None) -> str:
    return ".".join(part for part in parts if part)


def unlike_the_library(agents: Sequence[str]) -> list[str]:
    """Agents to which we say another thing than ua-parser as it comes, or than ua-parser over RE2.

    Rust's engine widens uap-core's ``.{0,200}`` to ``.*``, so over RE2 a few long agents get another answer: mostly a
    spider is not seen. More than one in twenty would be another matter, and is told.
    """
    read, _ = open_agents()
    as_it_comes, over_re2 = ua_parser.parser, Parser(Re2Resolver(load_builtins()))
    unlike = [agent for agent in agents if read(agent) != answers_of(as_it_comes, agent)]
    by_engine = [agent for agent in agents if read(agent) != answers_of(over_re2, agent)]
    return unlike + by_engine[len(agents) // 20 :]


def test_we_answer_as_the_library_does() -> None:
    """For every agent the crawler list and our tests know, by either of its engines."""
    agents = [agent for entry in CRAWLER_USER_AGENTS_DATA for agent in entry["instances"]] + [row[0] for row in AGENTS]

    assert len(agents) > 1000
    assert unlike_the_library(agents) == []


@pytest.fixture(scope="module")
def uap_core() -> Path:
    """uap-core as released: THALWEG_TEST_UAP_CORE, else fetched as the Go module it also is."""
    if folder := os.environ.get("THALWEG_TEST_UAP_CORE"):
        return Path(folder)
    go = shutil.which("go")
    if go is None:
        pytest.skip("uap-core's cases need Go to be fetched, or THALWEG_TEST_UAP_CORE")
    done = subprocess.run([go, "mod", "download", "-json", UAP_CORE], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"uap-core's cases cannot be fetched: {done.stdout}")
    return Path(json.loads(done.stdout)["Dir"])


def cases(folder: Path, *names: str) -> list[dict[str, Any]]:
    """The test cases of these files."""
    return [case for name in names for case in yaml.load((folder / name).read_text(), yaml.CSafeLoader)["test_cases"]]


@pytest.mark.kafka
def test_uap_cores_own_cases_hold(uap_core: Path) -> None:
    """Each release comes with its patterns and what they must say: browsers, systems, devices."""
    read, version = open_agents(uap_core / "regexes.yaml")
    wrong, count = [], 0
    files = "firefox_user_agent_strings opera_mini_user_agent_strings pgts_browser_list podcasting_user_agent_strings"
    for case in cases(uap_core, "tests/test_ua.yaml", *[f"test_resources/{name}.yaml" for name in files.split()]):
        expected = (case["family"], dotted(case["major"], case["minor"], case["patch"]))
        found = read(case["user_agent_string"])
        wrong += [] if same((found.br_family, found.br_version), expected) else [case]
        count += 1
    for case in cases(uap_core, "tests/test_os.yaml", "test_resources/additional_os_tests.yaml"):
        expected = (case["family"], dotted(case["major"], case["minor"], case["patch"]))
        found = read(case["user_agent_string"])
        wrong += [] if same((found.os_family, found.os_version), expected) else [case]
        count += 1
    for case in cases(uap_core, "tests/test_device.yaml"):
        wrong += [] if same((read(case["user_agent_string"]).dvce_family, ""), (case["family"], "")) else [case]
        count += 1

    print(f"{count} cases of {UAP_CORE}, {version}")
    assert count > 15_000
    assert wrong == []


def same(found: tuple[str, str], expected: tuple[str, str]) -> bool:
    """uap-core writes "Other" where nothing is known; we leave the column empty."""
    return found == expected or (expected[0] == "Other" and found == ("", ""))


@pytest.mark.kafka
def test_uap_cores_agents_get_the_librarys_answers(uap_core: Path) -> None:
    """With the patterns that are installed, newer than the cases."""
    listed = cases(uap_core, "tests/test_ua.yaml", "tests/test_os.yaml", "tests/test_device.yaml")
    agents = sorted({case["user_agent_string"] for case in listed})

    assert len(agents) > 15_000
    assert unlike_the_library(agents) == []


PATTERNS = """\
user_agent_parsers:
  - regex: '(Netfox)/(\\d+)\\.(\\d+)'
os_parsers:
  - regex: '(TabOS) (\\d+)'
device_parsers:
  - regex: 'Slab (\\w+)'
    device_replacement: 'Slab $1'
"""


def test_patterns_come_from_a_file_where_one_is_named(tmp_path: Path) -> None:
    """Its version is its content's hash."""
    file = tmp_path / "regexes.yaml"
    file.write_text(PATTERNS)
    read, version = open_agents(file)

    assert read("Netfox/9.1 (TabOS 7; Slab X2)") == Agent("Netfox", "9.1", "TabOS", "7", "Slab X2")
    assert version.startswith("uap-core/")
    file.write_text(PATTERNS.replace("Netfox", "Firenet"))
    assert open_agents(file)[1] != version


@pytest.mark.parametrize(
    "content",
    ["", "[]", "user_agent_parsers: 1", "{", "user_agent_parsers: [{regex: '('}]", PATTERNS.replace("(\\w+)", "(\\w+")],
)
def test_a_bad_file_of_patterns_is_refused(tmp_path: Path, content: str) -> None:
    """With setting, file and mend."""
    file = tmp_path / "regexes.yaml"
    file.write_text(content)

    with pytest.raises(ConfigError, match=r"enrich\.agents.*regexes\.yaml") as refused:
        open_agents(file)
    assert refused.value.mend


def test_crawlers_come_from_a_file_where_one_is_named(tmp_path: Path) -> None:
    """In the form the list is published in."""
    file = tmp_path / "crawlers.json"
    file.write_text(
        '[{"pattern": "Wanderer", "instances": []}, {"pattern": "rov[e]r", "url": "https://rover.example"}]'
    )
    patterns, version = open_crawlers(file)

    assert patterns == ["Wanderer", "rov[e]r"]
    assert version.startswith("crawler-user-agents/")
    assert all(re2.compile(pattern) for pattern in patterns)


@pytest.mark.parametrize("content", ["", "{}", "[{}]", '[{"pattern": "("}]', '[{"pattern": 1}]', "\xff"])
def test_a_bad_file_of_crawlers_is_refused(tmp_path: Path, content: str) -> None:
    """With setting, file and mend."""
    file = tmp_path / "crawlers.json"
    file.write_bytes(content.encode("latin-1"))

    with pytest.raises(ConfigError, match=r"enrich\.crawlers.*crawlers\.json") as refused:
        open_crawlers(file)
    assert refused.value.mend
