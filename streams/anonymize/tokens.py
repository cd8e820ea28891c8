"""Keys to other systems: JSON Web Tokens, and API tokens that their makers gave a mark."""

import re

import re2

from streams.anonymize.layers import Span

TOKEN = "(token)"  # noqa: S105 - the word that stands for one
_JWT = r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){1,3}"
"""Source: RFC 7519 §3, RFC 7516 §3.1 (five parts); a JSON object in base64url begins with eyJ."""
_MARKED = "|".join(  # noqa: FLY002 - a source beside each
    (
        r"(?:sk|pk|rk|whsec)_(?:live|test)_[A-Za-z0-9]{10,}",  # docs.stripe.com/keys
        r"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}",  # docs.github.com, token formats
        r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[A-Za-z0-9_=.-]{15,}",  # docs.gitlab.com/security/tokens
        r"xox[abeoprs]-[A-Za-z0-9-]{10,}",  # api.slack.com/authentication/token-types
        r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}",  # docs.aws.amazon.com/IAM, unique identifiers
        r"AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}",  # cloud.google.com/docs/authentication
        r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # twilio.com/docs/sendgrid
        r"\bsk-(?:[a-z0-9]+-){0,2}[A-Za-z0-9_]{20,}",
        r"(?i:bearer|basic)[ +:]+[A-Za-z0-9._~+/-]{16,}=*",  # RFC 6750 §2.1, RFC 7617 §2
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]*-----END [A-Z ]*PRIVATE KEY-----)?",  # RFC 7468 §10
    )
)
may_hold = re.compile(
    r"eyJ|_live_|_test_|gh[pousr]_|hub_pat_|gl[a-z]+-|xox|A[KSRI][IOD]A|AIza|ya29|SG\.|sk-|-----BEGIN"
    r"|[bB][eEaA][aAsS][rRiI]"
).search
"""Whether there may be one in a text."""
_TOKEN = re2.compile(rf"{_JWT}|{_MARKED}")


def find_tokens(text: str) -> list[Span]:
    """Where tokens stand."""
    return [(*match.span(), TOKEN) for match in _TOKEN.finditer(text)]
