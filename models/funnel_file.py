"""Saved funnels: our YAML, and GitLab's funnel files in and out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from models.funnel import DAY_MS, Funnel, Order, Scope, checked, parse_duration
from streams.errors import ConfigError

_KEYS = {"name", "steps", "within", "order", "scope"}
Choice = TypeVar("Choice", Order, Scope)
_PAGE, _PAGEVIEW = "page:", "pageview"


class _GitLabStep(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    target: str
    action: str


class _GitLabFunnel(msgspec.Struct, forbid_unknown_fields=True):
    """Source: GitLab's product analytics docs, .gitlab/analytics/funnels/NAME.yaml."""

    name: str
    seconds_to_convert: int
    steps: list[_GitLabStep]


def read_funnels(file: Path) -> list[Funnel]:
    """The funnels of a file: ``funnels:`` with a list, or one funnel of GitLab's. Raises ConfigError."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{file}: cannot be read: {' '.join(str(error).split())}", "give a YAML file") from None
    if isinstance(content, dict) and "seconds_to_convert" in content:
        return [_from_gitlab(file, content)]
    if not isinstance(content, dict) or not isinstance(content.get("funnels"), list) or not content["funnels"]:
        raise ConfigError(f"{file}: holds no funnels", "write `funnels:` and a list below it, or a funnel of GitLab's")
    return [_read(f"{file}: funnels[{place}]", given) for place, given in enumerate(content["funnels"])]


def write_funnels(file: Path, funnels: Sequence[Funnel]) -> None:
    """Save our YAML; a funnel of the same name that the file holds already is replaced, others stay."""
    kept = [f for f in read_funnels(file) if f.name not in {new.name for new in funnels}] if file.exists() else []
    written = [_plain(funnel) for funnel in [*kept, *funnels]]
    file.write_text(yaml.safe_dump({"funnels": written}, sort_keys=False, allow_unicode=True), encoding="utf-8")


def to_gitlab(funnel: Funnel) -> str:
    """The funnel as a file of GitLab's. Raises ConfigError for what that format cannot say."""
    if any(not step.startswith(_PAGE) for step in funnel.steps):
        raise ConfigError("GitLab's funnels know page views only", "leave out the steps that begin with event:")
    if funnel.order is Order.STRICT or funnel.scope is Scope.VISITOR or funnel.within_ms % 1_000:
        raise ConfigError(
            "GitLab's funnels are loose, within a session, and last whole seconds", "leave out --order and --scope"
        )
    steps = [
        {"name": step.removeprefix(_PAGE), "target": step.removeprefix(_PAGE), "action": _PAGEVIEW}
        for step in funnel.steps
    ]
    content = {"name": funnel.name or "funnel", "seconds_to_convert": funnel.within_ms // 1_000, "steps": steps}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _from_gitlab(file: Path, content: dict[str, Any]) -> Funnel:
    try:
        given = msgspec.convert(content, _GitLabFunnel)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {error}", "see GitLab's schema of funnels") from None
    for place, step in enumerate(given.steps):
        if step.action != _PAGEVIEW:
            raise ConfigError(f"{file}: steps[{place}].action: {step.action!r} is unknown", "GitLab knows pageview")
    steps = tuple(_PAGE + step.target for step in given.steps)
    return checked(Funnel(name=given.name, steps=steps, within_ms=given.seconds_to_convert * 1_000), str(file))


def _read(source: str, given: Any) -> Funnel:
    if not isinstance(given, dict) or not isinstance(given.get("steps"), list):
        raise ConfigError(f"{source}: has no list of steps", "give name, steps, and at will within, order, scope")
    if unknown := set(given) - _KEYS:
        raise ConfigError(f"{source}: unknown key {min(map(str, unknown))}", f"known: {', '.join(sorted(_KEYS))}")
    funnel = Funnel(
        name=str(given.get("name", "")),
        steps=tuple(map(str, given["steps"])),
        within_ms=parse_duration(str(given["within"]), f"{source}.within") if "within" in given else DAY_MS,
        order=_choice(Order, given.get("order", Order.LOOSE), f"{source}.order"),
        scope=_choice(Scope, given.get("scope", Scope.SESSION), f"{source}.scope"),
    )
    return checked(funnel, source)


def _choice(kind: type[Choice], value: Any, source: str) -> Choice:
    try:
        return kind(value)
    except ValueError:
        raise ConfigError(f"{source}: {value!r} is unknown", f"known: {', '.join(kind)}") from None


def _plain(funnel: Funnel) -> dict[str, Any]:
    within = funnel.within_ms
    text = (
        f"{within // DAY_MS}d" if within % DAY_MS == 0 else f"{within}ms" if within % 1_000 else f"{within // 1_000}s"
    )
    return {
        "name": funnel.name,
        "steps": list(funnel.steps),
        "within": text,
        "order": str(funnel.order),
        "scope": str(funnel.scope),
    }
