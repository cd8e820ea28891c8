"""Opens what user agents are read by: uap-core's patterns and the list of crawlers, installed or from a file."""

import re
from importlib import metadata
from io import BytesIO
from pathlib import Path

import msgspec
import re2
import yaml
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser import Resolver
from ua_parser.core import Domain
from ua_parser.loaders import load_builtins, load_yaml
from ua_parser.regex import Resolver as RustResolver

from streams.enrich.private_copy import version_of
from streams.enrich.useragent import Agent, ReadAgent
from streams.errors import ConfigError

_BAD_DATA = (OSError, yaml.YAMLError, re.error, ValueError, LookupError, TypeError, AttributeError)


class _Crawler(msgspec.Struct):
    pattern: str


def open_agents(path: Path | None = None) -> tuple[ReadAgent, str]:
    """A reader of agents (uap-core's patterns in Rust: linear in the text's length) and its version.

    ``path``: a regexes.yaml of uap-core, in place of the one that is installed. Raises ConfigError for another file.
    """
    if path is None:
        return _reader(RustResolver(load_builtins())), f"uap-core/{metadata.version('ua-parser-builtins')}"
    try:
        content = path.read_bytes()
        assert load_yaml is not None  # PyYAML is a dependency
        matchers = load_yaml(BytesIO(content))
        if not all(matchers):
            raise ValueError("it has no patterns")
        resolve: Resolver = RustResolver(matchers)
    except _BAD_DATA as problem:
        raise _unusable("enrich.agents", path, problem, "regexes.yaml of uap-core") from problem
    return _reader(resolve), version_of("uap-core", content)


def _reader(resolve: Resolver) -> ReadAgent:
    def read(agent: str) -> Agent:
        found = resolve(agent, Domain.ALL)
        browser, system, device = found.user_agent, found.os, found.device
        return Agent(
            br_family=browser.family if browser else "",
            br_version=_dotted(browser.major, browser.minor, browser.patch) if browser else "",
            os_family=system.family if system else "",
            os_version=_dotted(system.major, system.minor, system.patch) if system else "",
            dvce_family=device.family if device else "",
        )

    return read


def _dotted(*parts: str | None) -> str:
    known = [part for part in parts if part]
    return ".".join(known)


def open_crawlers(path: Path | None = None) -> tuple[list[str], str]:
    """Patterns of crawlers' agents, and their version.

    ``path``: a crawler-user-agents.json, in place of the one that is installed. Raises ConfigError for another file.
    """
    if path is None:
        patterns = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA]
        return patterns, f"crawler-user-agents/{metadata.version('crawler-user-agents')}"
    try:
        content = path.read_bytes()
        patterns = [entry.pattern for entry in msgspec.json.decode(content, type=list[_Crawler])]
        for pattern in patterns:
            re2.compile(pattern)
    except (*_BAD_DATA, msgspec.MsgspecError, re2.error) as problem:
        raise _unusable("enrich.crawlers", path, problem, "crawler-user-agents.json") from problem
    return patterns, version_of("crawler-user-agents", content)


def _unusable(key: str, path: Path, problem: Exception, wanted: str) -> ConfigError:
    return ConfigError(f"{key}: {path} cannot be used: {problem}", f"give the path of an intact {wanted}")
