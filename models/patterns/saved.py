"""The model of patterns in the store: JSON with its SHA-256, which is looked at before anything is read from it."""

from hashlib import sha256

import msgspec
from clickhouse_driver import Client

from models.patterns.model import PatternModel
from streams.errors import StoreError
from streams.warehouse.client import has_table, qualified

METHOD = 2
"""Of the method: which pattern a model gives to a session. A change of that raises it, and models saved before are
refused."""
_AGAIN = "run `thalweg discover` without --assign: it learns a new one"
_READ = "SELECT model_version, body, checksum FROM {database}.pattern_models FINAL WHERE app_id = %(app)s"
_WRITE = "INSERT INTO {database}.pattern_models (app_id, model_version, body, checksum, version) VALUES"


class Saved(msgspec.Struct, frozen=True):
    """version: of the model; its body is hashed into it."""

    model: PatternModel
    version: str


class Body(msgspec.Struct, frozen=True):
    """A model as text, and its SHA-256 in hex."""

    text: str
    checksum: str

    @property
    def model_version(self) -> str:
        """The method's number and the beginning of the checksum."""
        return f"{METHOD}-{self.checksum[:8]}"


class _Written(msgspec.Struct, frozen=True):
    """What a body holds. model: as text still, since another method's may have another shape, or the same and another
    meaning."""

    method: int
    model: msgspec.Raw


def to_body(model: PatternModel) -> Body:
    """The same model gives the same bytes."""
    encoded = msgspec.json.encode(_Written(METHOD, msgspec.Raw(msgspec.json.encode(model))))
    return Body(encoded.decode(), sha256(encoded).hexdigest())


def from_body(text: str | bytes, checksum: str | bytes) -> PatternModel:
    """Raises StoreError where the checksum does not fit, another method made the model, or the text is none.

    Bytes: what the driver gives for text that is no UTF-8.
    """
    body = text if isinstance(text, bytes) else text.encode()
    if sha256(body).hexdigest() != checksum:
        raise StoreError("the saved model of patterns is damaged: its checksum does not fit", _AGAIN)
    try:
        written = msgspec.json.decode(body, type=_Written)
        if written.method != METHOD:
            raise StoreError(f"the saved model of patterns is of method {written.method}, not of {METHOD}", _AGAIN)
        return msgspec.json.decode(written.model, type=PatternModel)
    except msgspec.DecodeError as error:
        raise StoreError(f"the saved model of patterns cannot be read: {error}", _AGAIN) from None


def save_model(client: Client, database: str, app: str, body: Body, version: int) -> None:
    """Over the app's model before."""
    row = (app, body.model_version, body.text, body.checksum, version)
    client.execute(qualified(_WRITE, database), [row])


def load_model(client: Client, database: str, app: str) -> Saved | None:
    """The app's; None where there is none yet. Raises StoreError where it is damaged or of another method."""
    if not has_table(client, database, "pattern_models"):
        return None
    rows = client.execute(qualified(_READ, database), {"app": app})
    return Saved(from_body(rows[0][1], rows[0][2]), rows[0][0]) if rows else None
