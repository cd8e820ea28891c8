from pathlib import Path

import pytest

from models.funnel import Funnel, Order, Scope, duration, parse_duration
from models.funnel_file import read_funnels, to_gitlab, write_funnels
from streams.errors import ConfigError

BUY = Funnel(name="buy", steps=("page:/", "event:Buy"), within_ms=90_000, order=Order.STRICT, scope=Scope.VISITOR)
VIEW = Funnel(name="view", steps=("page:/", "page:/product/:id"), within_ms=3_600_000)
GITLAB = """\
name: view
seconds_to_convert: 3600
steps:
- name: /
  target: /
  action: pageview
- name: /product/:id
  target: /product/:id
  action: pageview
"""


def test_funnels_are_saved_and_read(tmp_path: Path) -> None:
    """A funnel of the same name is replaced, others stay."""
    file = tmp_path / "funnels.yaml"
    write_funnels(file, [BUY, VIEW])
    assert read_funnels(file) == [BUY, VIEW]

    changed = Funnel(name="buy", steps=("page:/a", "event:Buy"), within_ms=1_500)
    write_funnels(file, [changed])
    assert read_funnels(file) == [VIEW, changed]


def test_gitlab_files_come_and_go(tmp_path: Path) -> None:
    """Page views within whole seconds; what the format cannot say is refused."""
    file = tmp_path / "view.yaml"
    file.write_text(GITLAB)

    assert read_funnels(file) == [VIEW]
    assert to_gitlab(VIEW) == GITLAB
    with pytest.raises(ConfigError, match="page views only"):
        to_gitlab(BUY)
    with pytest.raises(ConfigError, match="loose, within a session"):
        to_gitlab(Funnel(name="s", steps=("page:/",), order=Order.STRICT))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("a: 1", "holds no funnels"),
        ("funnels: []", "holds no funnels"),
        ("funnels: [{name: a}]", r"funnels\[0\]: has no list of steps"),
        ("funnels: [{steps: [page:/], when: 1d}]", "unknown key when"),
        ("funnels: [{steps: [page:/], order: tight}]", "order: 'tight' is unknown"),
        ("funnels: [{steps: [page:/], within: soon}]", "within: 'soon' is no duration"),
        ("funnels: [{steps: [/a]}]", "'/a' is no step"),
        ("funnels: [{steps: []}]", "0 steps"),
        (GITLAB.replace("pageview", "click"), r"steps\[0\].action: 'click' is unknown"),
        (GITLAB.replace("3600", "soon"), "Expected `int`"),
    ],
)
def test_a_bad_file_is_told_with_its_place(text: str, words: str, tmp_path: Path) -> None:
    """The file, the key, what is wrong."""
    file = tmp_path / "bad.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=rf"bad\.yaml.*{words}"):
        read_funnels(file)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("90s", 90_000),
        ("90", 90_000),
        ("1.5h", 5_400_000),
        ("2w", 1_209_600_000),
        ("250ms", 250),
        ("1d", 86_400_000),
        ("30 min", 1_800_000),
        ("5m", 300_000),
    ],
)
def test_durations_are_read(text: str, ms: int) -> None:
    """A number and a unit; seconds without one."""
    assert parse_duration(text) == ms


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (450, "450 ms"),
        (12_000, "12 s"),
        (200_000, "3 min 20 s"),
        (7_500_000, "2 h 5 min"),
        (97_200_000, "1 d 3 h"),
        (86_400_000, "1 d"),
        (999.6, "1000 ms"),
    ],
)
def test_durations_are_written(ms: float, text: str) -> None:
    """The two largest units."""
    assert duration(ms) == text
