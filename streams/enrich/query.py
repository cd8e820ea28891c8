"""The parameters of a URL's query."""

from urllib.parse import parse_qsl

MAX_PARAMETERS = 100


def read_query(query: str) -> dict[str, str]:
    """Name in lower case → value, decoded; the first of equal names counts. Empty where there are hundreds.

    Source: url.spec.whatwg.org, application/x-www-form-urlencoded.
    """
    try:
        pairs = parse_qsl(query, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return {}
    return {name.lower(): value for name, value in reversed(pairs)}
