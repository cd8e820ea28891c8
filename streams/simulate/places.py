"""Where simulated visitors are: network addresses of organisations, and addresses kept for documentation."""

from typing import NamedTuple

from streams.simulate.chance import Chance, Weighted, pick


class Place(NamedTuple):
    """A network with what a browser there would say of itself."""

    network: str
    country: str
    timezone: str
    locale: str


# Addresses that end in zero name a network, no machine and no person: blocks of universities and public resolvers.
PLACES = (
    (Place("129.132.19.0", "CH", "Europe/Zurich", "de-CH"), 6),
    (Place("130.82.1.0", "CH", "Europe/Zurich", "de-CH"), 2),
    (Place("141.2.1.0", "DE", "Europe/Berlin", "de-DE"), 8),
    (Place("134.76.1.0", "DE", "Europe/Berlin", "de-DE"), 5),
    (Place("2001:638:a000::", "DE", "Europe/Berlin", "de-DE"), 3),
    (Place("131.111.8.0", "GB", "Europe/London", "en-GB"), 6),
    (Place("129.67.1.0", "GB", "Europe/London", "en-GB"), 4),
    (Place("2001:630:212::", "GB", "Europe/London", "en-GB"), 3),
    (Place("140.77.1.0", "FR", "Europe/Paris", "fr-FR"), 5),
    (Place("137.194.2.0", "FR", "Europe/Paris", "fr-FR"), 3),
    (Place("130.37.1.0", "NL", "Europe/Amsterdam", "nl-NL"), 4),
    (Place("131.180.77.0", "NL", "Europe/Amsterdam", "nl-NL"), 2),
    (Place("130.237.1.0", "SE", "Europe/Stockholm", "sv-SE"), 3),
    (Place("129.240.2.0", "NO", "Europe/Oslo", "nb-NO"), 2),
    (Place("128.214.1.0", "FI", "Europe/Helsinki", "fi-FI"), 2),
    (Place("130.225.1.0", "DK", "Europe/Copenhagen", "da-DK"), 2),
    (Place("147.231.1.0", "CZ", "Europe/Prague", "cs-CZ"), 3),
    (Place("156.17.1.0", "PL", "Europe/Warsaw", "pl-PL"), 3),
    (Place("193.136.1.0", "PT", "Europe/Lisbon", "pt-PT"), 2),
    (Place("147.83.2.0", "ES", "Europe/Madrid", "es-ES"), 4),
    (Place("131.114.1.0", "IT", "Europe/Rome", "it-IT"), 4),
    (Place("130.104.1.0", "BE", "Europe/Brussels", "fr-BE"), 2),
    (Place("193.140.1.0", "TR", "Europe/Istanbul", "tr-TR"), 2),
    (Place("128.32.1.0", "US", "America/Los_Angeles", "en-US"), 9),
    (Place("171.64.64.0", "US", "America/Los_Angeles", "en-US"), 6),
    (Place("128.30.2.0", "US", "America/New_York", "en-US"), 9),
    (Place("8.8.8.0", "US", "America/Chicago", "en-US"), 3),
    (Place("2001:4860:4860::", "US", "America/Chicago", "en-US"), 2),
    (Place("142.150.1.0", "CA", "America/Toronto", "en-CA"), 3),
    (Place("132.204.1.0", "CA", "America/Toronto", "fr-CA"), 2),
    (Place("132.248.1.0", "MX", "America/Mexico_City", "es-MX"), 2),
    (Place("200.144.1.0", "BR", "America/Sao_Paulo", "pt-BR"), 4),
    (Place("146.155.1.0", "CL", "America/Santiago", "es-CL"), 1),
    (Place("133.11.1.0", "JP", "Asia/Tokyo", "ja-JP"), 4),
    (Place("130.54.1.0", "JP", "Asia/Tokyo", "ja-JP"), 2),
    (Place("143.248.1.0", "KR", "Asia/Seoul", "ko-KR"), 2),
    (Place("103.21.124.0", "IN", "Asia/Kolkata", "en-IN"), 4),
    (Place("137.132.1.0", "SG", "Asia/Singapore", "en-SG"), 1),
    (Place("128.250.1.0", "AU", "Australia/Melbourne", "en-AU"), 3),
    (Place("130.216.1.0", "NZ", "Pacific/Auckland", "en-NZ"), 1),
    (Place("137.158.1.0", "ZA", "Africa/Johannesburg", "en-ZA"), 2),
)

# Source: RFC 5737 (IPv4), RFC 3849 (IPv6): addresses that belong to nobody.
DOCUMENTATION_V4 = ("192.0.2.", "198.51.100.", "203.0.113.")
DOCUMENTATION_V6 = "2001:db8:"
DOCUMENTATION_SHARE = 0.25

_places = Weighted([place for place, _ in PLACES], [weight for _, weight in PLACES])


def draw_place(chance: Chance) -> Place:
    """A place; for a part of the visitors its address is one kept for documentation, which no geo database knows."""
    place = _places.draw(chance)
    if chance() >= DOCUMENTATION_SHARE:
        return place
    if chance() < 0.5:
        return place._replace(network=f"{pick(DOCUMENTATION_V4, chance)}{1 + int(chance() * 254)}", country="")
    groups = ":".join(f"{int(chance() * 65536):x}" for _ in range(3))
    return place._replace(network=f"{DOCUMENTATION_V6}{groups}::{1 + int(chance() * 65535):x}", country="")
