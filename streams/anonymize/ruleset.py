"""The rules file as a model: what may stand in it, key by key. Its JSON Schema is docs/rules.schema.json."""

from typing import Annotated, Any, Literal

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from streams.anonymize.keyring import DEFAULT_KEY, Rotation
from streams.anonymize.paths import parse_path

UNKNOWN = "unknown"
WORDS = ("email", "phone", "card", "iban", "token", "ip", "own")
"""What ``redact`` knows by itself."""
_LONGEST_PATTERN = 1000
_MAX_RULES = 1000


def compile_pattern(pattern: str) -> Any:
    """A pattern of RE2, which takes linear time for any text. Raises ValueError in words for all else.

    Source: github.com/google/re2/wiki/Syntax.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as problem:
        why = problem.args[0].decode() if isinstance(problem.args[0], bytes) else problem.args[0]
        raise ValueError(f"RE2 refuses the pattern: {why}") from None


def _checked_path(text: str) -> str:
    parse_path(text)
    return text


def _checked_pattern(text: str) -> str:
    if compile_pattern(text).search("") is not None:
        raise ValueError("the pattern fits the empty text, so it would fit everywhere")
    return text


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
PathText = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_checked_path)]
Pattern = Annotated[str, Field(min_length=1, max_length=_LONGEST_PATTERN), AfterValidator(_checked_pattern)]
Glob = Annotated[str, Field(min_length=1, max_length=300)]
Country = Annotated[str, StringConstraints(pattern=rf"^([A-Z]{{2}}|{UNKNOWN})$")]
Consent = Literal["granted", "denied", "unknown"]
Fields = Annotated[list[PathText], Field(min_length=1, description="columns, groups (texts, urls, geo), or paths")]


class Part(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class FieldTest(Part):
    """A test of one field's value as it came in; all that is given must hold."""

    present: bool | None = None
    """whether it has a value"""
    equals: list[str] | None = None
    """one of these values; true and numbers are written as text"""
    pattern: Pattern | None = None
    """RE2, found anywhere in the value; ^ and $ tie it to the ends"""

    @model_validator(mode="after")
    def _asks(self) -> "FieldTest":
        if self.present is None and self.equals is None and self.pattern is None:
            raise ValueError("asks nothing: give `present`, `equals` or `pattern`")
        return self


class Match(Part):
    """Which events a rule is for; all that is given must hold, of a list one entry."""

    app: list[Glob] | None = None
    """app ids; * stands for any characters"""
    event: list[Glob] | None = None
    """kinds or names of events, as page_view or checkout_*"""
    country: list[Country] | None = None
    """ISO 3166-1 codes of the country the address lies in, or `unknown`; needs a geo database"""
    consent: list[Consent] | None = None
    """what the sources under the file's key `consent` say"""
    fields: dict[PathText, FieldTest] | None = None
    """tests of fields as they came in"""

    @model_validator(mode="after")
    def _asks(self) -> "Match":
        if not self.model_fields_set:
            raise ValueError("asks nothing: leave it out, and the rule is for every event")
        return self


class Example(Part):
    """What must come out of the whole file for an event."""

    given: dict[str, Any]
    """fields of the event as they come in; properties and contexts as keys and values"""
    expect: dict[str, Any] | Literal["dropped"]
    """fields or paths and what they must be; null: gone; (pseudonym): any pseudonym"""


class _Rule(Part):
    name: Name
    """once in the file"""
    why: str = ""
    """for people: what it is for"""
    match: Match | None = None
    """which events; left out: every one"""
    unless: Match | None = None
    """which of these not"""
    when: Literal["before", "after"] = "before"
    """before or after enrichment; never after for addresses and ids"""
    examples: list[Example] = []
    """run by `thalweg rules test`"""


class _FieldRule(_Rule):
    fields: Fields


class DropEvent(_Rule):
    """The event is not kept; it is counted as dropped, reason rule."""

    action: Literal["drop_event"]


class DropField(_FieldRule):
    """The fields are emptied, keys below a path removed."""

    action: Literal["drop_field"]


class KeepOnly(_FieldRule):
    """All fields but these are emptied. Ids of the event, times, app and kind of the event stay anyway."""

    action: Literal["keep_only"]
    within: Literal["properties", "contexts"] | None = None
    """only below this field; all other fields stay"""


class Mask(_FieldRule):
    """The value is replaced, but for some characters at its ends."""

    action: Literal["mask"]
    word: Annotated[str, Field(min_length=1, max_length=100)] = "(masked)"
    """what stands there instead"""
    keep_first: Annotated[int, Field(ge=0, le=16)] = 0
    """characters kept at the start, where the value is at least twice as long as all that is kept"""
    keep_last: Annotated[int, Field(ge=0, le=16)] = 0
    """characters kept at the end, likewise"""


class TruncateIp(_FieldRule):
    """An IP address is cut to its network; IPv4-mapped IPv6 counts as IPv4. What is no address is removed."""

    action: Literal["truncate_ip"]
    v4: Annotated[int, Field(ge=0, le=24)] = 24
    """bits that stay of IPv4"""
    v6: Annotated[int, Field(ge=0, le=48)] = 48
    """bits that stay of IPv6"""


class Pseudonymize(_FieldRule):
    """The value becomes a keyed hash (HMAC-SHA-256): 32 hex characters, equal for equal values under one key."""

    action: Literal["pseudonymize"]
    key: Name = DEFAULT_KEY
    """id of the key; `thalweg rules keys list` shows them"""
    rotation: Rotation = Rotation.NONE
    """how often the key changes, by the event's day in UTC; never slower than the visitor's"""
    purpose: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """values of one purpose can be joined; left out: the field's own"""


class OwnPattern(Part):
    """A pattern of yours."""

    name: Name
    """stands in brackets for what was found"""
    pattern: Pattern
    """RE2"""


class Redact(_FieldRule):
    """What is found within the value is replaced by a word; also where it is percent-encoded or \\u-escaped."""

    action: Literal["redact"]
    find: Annotated[
        list[Literal["email", "phone", "card", "iban", "token", "ip", "own"] | OwnPattern], Field(min_length=1)
    ]
    """built-in kinds, or patterns of yours; `own` are the event's own ids and addresses"""


class UrlQuery(_FieldRule):
    """Of URLs the query's listed parameters stay; fragment, user, password and ;name=value of the path go."""

    action: Literal["url_query"]
    keep: list[Glob] = []
    """names of parameters in lower case, * stands for any characters"""
    click_ids: bool = False
    """a click id in page_url leaves the name of its ad network in mkt_network"""


class UrlTemplate(_FieldRule):
    """Segments of URL paths that name one thing or person become :id, :hash, :email or :NAME."""

    action: Literal["url_template"]
    segments: list[Literal["number", "uuid", "hash", "email"] | OwnPattern] = ["uuid", "number", "hash", "email"]
    """which segments; a pattern of yours must fit the whole segment"""
    routes: list[Annotated[str, StringConstraints(pattern=r"^/")]] = []
    """templates of whole paths, as /user/:name/settings; * at the end stands for any rest; the first that fits"""


class Generalize(_FieldRule):
    """The value becomes coarser."""

    action: Literal["generalize"]
    to: Literal["major", "second", "minute", "hour", "day", "country", "region"] | None = None
    """major: versions in a text; second … day: a time, cut; country, region: the group geo"""
    step: Annotated[float, Field(gt=0)] | None = None
    """a number, cut to a multiple of this"""

    @model_validator(mode="after")
    def _one(self) -> "Generalize":
        if (self.to is None) == (self.step is None):
            raise ValueError("give one of `to` and `step`")
        return self


Rule = Annotated[
    DropEvent | DropField | KeepOnly | Mask | TruncateIp | Pseudonymize | Redact | UrlQuery | UrlTemplate | Generalize,
    Field(discriminator="action"),
]
FieldRule = DropField | KeepOnly | Mask | TruncateIp | Pseudonymize | Redact | UrlQuery | UrlTemplate | Generalize


class ConsentSource(Part):
    """Where an event says whether its person agreed. The first source with a known value counts."""

    path: PathText
    """as properties.consent or contexts.consent.categoryPreferences.Analytics"""
    granted: list[str] = ["granted", "true", "1", "yes"]
    """values in lower case that mean yes"""
    denied: list[str] = ["denied", "false", "0", "no"]
    """values in lower case that mean no"""


class RuleFile(Part):
    """A rules file."""

    version: Literal[1]
    """of this format"""
    consent: list[ConsentSource] = []
    """where consent is found, for `match: {consent: …}`"""
    base64: list[PathText] = []
    """paths whose values are base64 of UTF-8 text (standard or URL-safe): the rules see the text"""
    rules: Annotated[list[Rule], Field(max_length=_MAX_RULES)]
    """applied in this order"""
    examples: list[Example] = []
    """run by `thalweg rules test`"""
