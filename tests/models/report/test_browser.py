"""The report in Debian's Chromium: what a person gets to see."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.browser import BROWSER, Tab, open_browser

pytestmark = pytest.mark.kafka
DESKTOP, PHONE, SMALL = 1280, 390, 320


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A browser."""
    assert BROWSER, "install Debian's chromium: .ci/run does"
    with open_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE, SMALL])
def test_the_report_is_whole(width: int, dark: bool, tab: Tab, demo: Path) -> None:
    """Every chart is drawn within the page, nothing is wider than the screen, no request, no complaint, and text stands
    out from what is behind it."""
    tab.requests.clear()
    tab.complaints.clear()
    tab.show(demo / "report.html", width=width, dark=dark)

    assert tab.requests == [(demo / "report.html").as_uri()]
    assert tab.complaints == []
    assert tab.value("document.documentElement.scrollWidth") == width
    charts = tab.value(
        "[...document.querySelectorAll('.chart')].map(c => [c.querySelectorAll('.main-svg').length > 0,"
        " c.querySelector('.main-svg').getBoundingClientRect().width <= c.clientWidth + 1,"
        " c.querySelectorAll('.scatterlayer path, .sankey-link, .barlayer .point').length > 0])"
    )
    assert charts == [[True, True, True]] * 5
    assert tab.value(CONTRAST) >= 4.5


CONTRAST = """
(() => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number)
      .map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
  };
  const ratio = element => {
    const pair = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    return (pair[0] + .05) / (pair[1] + .05);
  };
  return Math.min(...[...document.querySelectorAll('h1, h2, p, td, th, dt, dd, a, summary')].map(ratio));
})()
"""
"""The least contrast of a text with what is behind it. Source: WCAG 2.2, 1.4.3."""


def test_colours_follow_the_scheme_while_open(tab: Tab, demo: Path) -> None:
    """The charts' text too: at dusk a phone changes over."""
    text = "getComputedStyle(document.querySelector('.xtick text')).fill"
    colour = f"[getComputedStyle(document.body).backgroundColor, {text}]"
    tab.show(demo / "report.html", width=DESKTOP)
    light = tab.value(colour)
    tab.scheme(dark=True)
    tab.value(
        f"new Promise(d => {{ const look = () => {text} != '{light[1]}' ? d(1) : setTimeout(look, 20); look() }})"
    )

    assert tab.value(colour)[0] != light[0]
    assert tab.complaints == []


def test_a_turned_phone_is_filled(tab: Tab, demo: Path) -> None:
    """The charts follow the width."""
    tab.show(demo / "report.html", width=PHONE)
    tab.resize(844, PHONE)
    tab.value(
        "new Promise(d => { const look = () => [...document.querySelectorAll('.chart')].every(c =>"
        " Math.abs(c.querySelector('.main-svg').getBoundingClientRect().width - c.clientWidth) < 2)"
        " ? d(1) : setTimeout(look, 20); look() })"
    )

    assert tab.value("document.documentElement.scrollWidth") == 844


def test_countries_are_in_words(tab: Tab, demo: Path) -> None:
    """The page holds codes; the browser knows the names."""
    tab.show(demo / "report.html", width=DESKTOP)

    assert "Germany" in tab.value("[...document.querySelectorAll('[data-country]')].map(c => c.textContent)")
