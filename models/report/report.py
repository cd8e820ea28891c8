"""The report of a store: facts and funnels, arranged on one page."""

from collections.abc import Sequence

from models.funnel import duration
from models.funnels import FunnelResult
from models.report import charts, tables
from models.report.facts import Facts, Totals
from models.report.findings import NOTHING, Findings
from models.report.funnel_page import body, missing, note, sureness
from models.report.page import Section, chart, page
from models.report.pattern_section import pattern_section
from models.report.text import html, number, percent


def report_page(facts: Facts | None, funnels: Sequence[FunnelResult], store: str, findings: Findings = NOTHING) -> str:
    """The whole page; ``store``: how a command names the store. Without facts a page that says what to do."""
    if facts is None:
        return page("Sessions", "No session of people was found.", "", [_nothing(store)])
    app = facts.selection.app
    title = f"Sessions of {app}" if app else "Sessions" if facts.totals.apps > 1 else f"Sessions of {_only_app(facts)}"
    sections = _sections(facts, funnels, store, findings)
    return page(title, _range(facts.totals), _tiles(facts.totals), sections, _foot(facts))


def _only_app(facts: Facts) -> str:
    return facts.apps[0].name if facts.apps else "default"


def _sections(facts: Facts, funnels: Sequence[FunnelResult], store: str, findings: Findings) -> list[Section]:
    several = facts.totals.apps > 1
    return [
        Section(
            id="time",
            title="Sessions and visitors over time",
            note=f"By {facts.unit}, UTC.",
            body=chart(charts.over_time(facts.periods, facts.unit)) + tables.periods(facts.periods, facts.unit),
        ),
        *([Section(id="apps", title="Apps", body=tables.ranking("App", facts.apps))] if several else []),
        Section(
            id="landing",
            title="Landing pages",
            note="First page or screen of a session; ids in paths count as one page." + _without_view(facts.totals),
            body=tables.ranking("Page", facts.landing),
            half=True,
        ),
        Section(
            id="drop-off",
            title="Drop-off pages",
            note="Last page or screen of a session; of screens without a title the last step.",
            body=tables.ranking("Page", facts.drop_off),
            half=True,
        ),
        Section(
            id="flows",
            title="From entry to exit",
            note="Sessions of two and more views: where they began and where they ended.",
            body=chart(charts.flow_chart(facts.flows)) + tables.flows(facts.flows)
            if facts.flows
            else tables.empty("No session has two views yet."),
        ),
        Section(id="funnels", title="Funnels", body=_funnels(funnels, store, findings)),
        pattern_section(findings.patterns, store),
        Section(id="channels", title="Channels", body=tables.ranking("Channel", facts.channels), half=True),
        Section(id="referrers", title="Referrers", body=_referrers(facts), half=True),
        Section(
            id="countries",
            title="Countries",
            body=tables.ranking("Country", facts.countries, kind="country"),
            half=True,
        ),
        Section(id="devices", title="Devices and browsers", body=_devices(facts), half=True),
        Section(
            id="retention",
            title="Retention by week",
            note="Of the visitors first seen in a week, how many came again in the weeks after. The newest week may not"
            " be over; visitors from before the time range count as new.",
            body=tables.retention(facts.cohorts),
        ),
    ]


def _without_view(totals: Totals) -> str:
    return f" {totals.without_view:,} sessions had none." if totals.without_view else ""


def _referrers(facts: Facts) -> str:
    if not facts.referrers:
        return tables.empty("No session came from another site.")
    return tables.ranking("Referrer", facts.referrers)


def _devices(facts: Facts) -> str:
    return tables.ranking("Device", facts.devices) + tables.ranking("Browser", facts.browsers, most_rows=6)


def _funnels(funnels: Sequence[FunnelResult], store: str, findings: Findings) -> str:
    """What navigation explains comes last, folded, without charts."""
    if not funnels:
        return missing(store)
    news: list[str] = []
    known: list[str] = []
    for place, result in enumerate(funnels, 1):
        evidence = findings.evidence.get(result.funnel.steps)
        title = html(result.funnel.name or f"Funnel {place}")
        words = html(note(result) + (sureness(evidence) if evidence else ""))
        is_known = bool(evidence and evidence.label)
        part = f"<h3>{title}</h3><p class=note>{words}</p>{tables.funnel(result) if is_known else body(result)}"
        (known if is_known else news).append(part)
    folded = tables.folded(f"{len(known)} explained by navigation: where the links lead anyway", "".join(known))
    return "".join(news) + (folded if known else "")


def _tiles(totals: Totals) -> str:
    tiles = {
        "Sessions": number(totals.sessions),
        "Visitors": number(totals.visitors),
        "Views a session": f"{totals.views / totals.sessions:.1f}",
        "Median time": duration(1_000 * totals.median_s) if totals.median_s else "0 s",
        "Bounced": percent(totals.bounced),
        "New visitors": percent(totals.new),
    }
    return f"<dl class=tiles>{''.join(f'<div><dt>{k}</dt><dd>{v}</dd></div>' for k, v in tiles.items())}</dl>\n"


def _range(totals: Totals) -> str:
    first, last = totals.first.strftime("%d %b %Y"), totals.last.strftime("%d %b %Y")
    span = first if first == last else f"{first} – {last}"
    return f"{span} (UTC) · {totals.events:,} events"


def _foot(facts: Facts) -> str:
    left_out = []
    if facts.left_out.bots:
        left_out.append(f"{facts.left_out.bots:,} sessions of bots")
    if facts.left_out.capped:
        left_out.append(f"{facts.left_out.capped:,} sessions over the step cap")
    words = f"Left out: {' and '.join(left_out)}. " if left_out else ""
    return f"{words}Made by Thalweg from sessions_v."


def _nothing(store: str) -> Section:
    command = f"thalweg run --input access.log --format combined --store {store}"
    body_ = tables.empty("Load a file, then make the report again:") + f"<pre><code>{html(command)}</code></pre>"
    return Section(id="nothing", title="Nothing here yet", body=body_)
