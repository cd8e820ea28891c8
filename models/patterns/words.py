"""A pattern described in a few sentences."""

from collections.abc import Mapping

from models.patterns.facets import Facets, differences
from models.patterns.told import PatternTold


def describe(one: PatternTold, facets: Facets, devices: Mapping[str, int], channels: Mapping[str, int]) -> str:
    """What its sessions do, where they end, and who does it more than others. ``devices``, ``channels``: of all."""
    if not one.sessions:
        return "No session does this now."
    sentences = [_does(one)]
    if one.drop_off_step:
        sentences.append(f"{one.drop_off:.0%} end at {one.drop_off_step}.")
    if facets.with_goal:
        sentences.append(f"{facets.with_goal / one.sessions:.1%} reach a goal.")
    sentences += [
        f"{found.value}: {found.share:.0%} of them, {found.of_all:.0%} of all."
        for counts, base in ((facets.devices, devices), (facets.channels, channels))
        for found in differences(counts, base)[:2]
    ]
    return " ".join(sentences)


def _does(one: PatternTold) -> str:
    if one.kind == "funnel":
        lost = [
            (before.share - after.share, after.step) for before, after in zip(one.steps, one.steps[1:], strict=False)
        ]
        most, step = max(lost)
        leave = f"; most leave before {step}" if most > 0 else ""
        return f"They walk this funnel, two steps or more: {one.conversion or 0:.0%} to the end{leave}."
    if not one.steps:
        return "They take no step clearly more often than all sessions do."
    steps = ", ".join(
        f"{step.step} ({step.share:.0%}, {step.lift:.1f} times as often as all)" for step in one.steps[:3]
    )
    return f"They take {steps}."
