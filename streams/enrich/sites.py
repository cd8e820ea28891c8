"""The table of known sites: which medium and source a host stands for."""

from collections.abc import Callable, Mapping

from streams.memo import remember

Site = tuple[str, str]
"""(medium, source)."""

Table = Mapping[str, Mapping[str, list[str]]]
"""medium → source → hosts; ``name.*`` is a name under any public suffix."""

_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "ne", "or", "ac", "gov", "edu"})
UNKNOWN: Site = ("", "")


def make_sites(table: Table) -> Callable[[str], Site]:
    """A function from a host to its site, or UNKNOWN. The longest known end of the host decides."""
    hosts: dict[str, Site] = {}
    names: dict[str, Site] = {}
    for medium, sources in table.items():
        for source, listed in sources.items():
            for host in listed:
                name, star, _ = host.partition(".*")
                (names if star else hosts)[name] = (medium, str(source))

    def look_up(host: str) -> Site:
        labels = host.lower().rstrip(".").split(".")
        for start in range(len(labels) - 1):
            if (site := hosts.get(".".join(labels[start:]))) is not None:
                return site
        return names.get(_name(labels), UNKNOWN)

    return remember(look_up)


def _name(labels: list[str]) -> str:
    """The label before the public suffix: ``google`` of www.google.co.uk. Suffixes of two labels end in a country's."""
    if len(labels) >= 3 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL:
        return labels[-3]
    return labels[-2] if len(labels) >= 2 else ""


def media_of(table: Table) -> dict[str, str]:
    """Each source's name in lower case → its medium, for names people write into utm_source."""
    return {str(source).lower(): medium for medium, sources in table.items() for source in sources}
