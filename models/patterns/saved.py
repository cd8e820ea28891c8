"""The model of patterns in the store: JSON with its SHA-256, which is looked at before anything is read from it."""

from hashlib import sha256

import msgspec
from clickhouse_driver import Client

from models.patterns.model import PatternModel
from streams.errors import StoreError
from streams.warehouse.client import qualified

METHOD = 1
"""Of the method; a change of what it gives raises it."""
_AGAIN = "run `thalweg discover` without --assign: it learns a new one"
_EXISTS = "SELECT count() FROM system.tables WHERE database = %(database)s AND name = 'pattern_models'"
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


def to_body(model: PatternModel) -> Body:
    """The same model gives the same bytes."""
    encoded = msgspec.json.encode(model)
    return Body(encoded.decode(), sha256(encoded).hexdigest())


def from_body(text: str | bytes, checksum: str | bytes) -> PatternModel:
    """Raises StoreError where the checksum does not fit, or the text is no model of this version's shape.

    Bytes: what the driver gives for text that is no UTF-8.
    """
    body = text if isinstance(text, bytes) else text.encode()
    if sha256(body).hexdigest() != checksum:
        raise StoreError("the saved model of patterns is damaged: its checksum does not fit", _AGAIN)
    try:
        return msgspec.json.decode(body, type=PatternModel)
    except msgspec.DecodeError as error:
        raise StoreError(f"the saved model of patterns cannot be read: {error}", _AGAIN) from None


def save_model(client: Client, database: str, app: str, body: Body, version: int) -> None:
    """Over the app's model before."""
    row = (app, body.model_version, body.text, body.checksum, version)
    client.execute(qualified(_WRITE, database), [row])


def load_model(client: Client, database: str, app: str) -> Saved | None:
    """The app's; None where there is none yet. Raises StoreError where it is damaged."""
    if not client.execute(_EXISTS, {"database": database})[0][0]:
        return None
    rows = client.execute(qualified(_READ, database), {"app": app})
    return Saved(from_body(rows[0][1], rows[0][2]), rows[0][0]) if rows else None
