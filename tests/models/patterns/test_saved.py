"""A saved model is read back whole or not at all."""

from hashlib import sha256
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.patterns.clusters import Stability
from models.patterns.model import Cluster, PatternModel, assign
from models.patterns.saved import METHOD, from_body, load_model, save_model, to_body
from models.patterns.walking import Walking
from models.patterns.walks import NONE
from models.templates import learn
from streams.errors import StoreError
from tests.models.conftest import Place
from tests.models.discovery.arrays import as_paths

FLAT = [1 / NONE] * NONE
NEAR = [0.5, 0.25, 0.1, *([1e-3] * (NONE - 3))]
WALKING = Walking(
    shares=[[0.01, 0.02]], others=0.9, chances=[[0.1] * 3], before=NEAR, after=NEAR, between=NEAR, lengths=FLAT
)
MODEL = PatternModel(
    funnels=[(UUID(int=1), ("page:/a", "page:/b", "event:C"))],
    walking=WALKING,
    clusters=[Cluster(id=UUID(int=2), center=[0.1, 1 / 3], profile={"page:/ü": 0.7})],
    other=UUID(int=3),
    steps=["page:/ü"],
    weights=[1.5],
    axes=[[1e-300], [-2.0]],
    found=Stability(2, 0.9, 0.1, 0.001),
    tried=[Stability(2, 0.9, 0.1, 0.001), Stability(3, 0.4, None, 1.0)],
    templates={"shop": learn({f"/product/{n}": 1 for n in range(900, 960)})},
)


def test_a_model_comes_back_as_it_was(place: Place) -> None:
    """From the store; the one of another app stays; without one there is none."""
    body = to_body(MODEL)
    assert load_model(place.client, place.name, "shop") is None

    save_model(place.client, place.name, "shop", body, 1)
    save_model(place.client, place.name, "", to_body(msgspec.structs.replace(MODEL, clusters=[])), 1)
    saved = load_model(place.client, place.name, "shop")

    assert saved is not None
    assert saved.model == MODEL
    assert saved.version == body.model_version
    assert saved.model.templates["shop"].of("/product/7777") == "/product/:id"


@given(st.data())
def test_any_damage_is_refused(data: st.DataObject) -> None:
    """One character that changed, was lost or added; of the text, or of the checksum."""
    body = to_body(MODEL)
    place = data.draw(st.integers(0, len(body.text) - 1))
    other = data.draw(st.sampled_from(["", "0", "1", "a", '"', "}"]))
    text = body.text[:place] + other + body.text[place + 1 :]
    if text == body.text:
        return

    with pytest.raises(StoreError, match="damaged") as refused:
        from_body(text, body.checksum)
    assert "thalweg discover" in refused.value.mend
    with pytest.raises(StoreError, match="damaged"):
        from_body(body.text, body.checksum[::-1])


def test_bytes_that_are_no_text_are_refused(place: Place) -> None:
    """The driver hands them over as they are: in the body, or in the checksum."""
    body = to_body(MODEL)
    broken = ((b"\xff" + body.text.encode()[1:], body.checksum), (body.text, b"\xff" + body.checksum.encode()[1:]))
    for version, values in enumerate(broken, 1):
        place.client.execute(
            f"INSERT INTO {place.name}.pattern_models (app_id, body, checksum, version) VALUES",
            [("shop", *values, version)],
        )

        with pytest.raises(StoreError, match="damaged"):
            load_model(place.client, place.name, "shop")


def signed(body: str) -> tuple[str, str]:
    """With the checksum that fits."""
    return body, sha256(body.encode()).hexdigest()


@pytest.mark.parametrize(
    "text", ['{"funnels":[]}', '{"method":2,"model":{"funnels":[]}}', '{"method":"1"}', "[]", "no"]
)
def test_another_shape_is_refused(text: str) -> None:
    """Whole, but no model, or of a time before models told their method."""
    with pytest.raises(StoreError, match="cannot be read"):
        from_body(*signed(text))


@pytest.mark.parametrize("model", [msgspec.to_builtins(MODEL), {"trees": []}])
def test_another_method_is_refused(model: object) -> None:
    """Though its checksum fits; whether or not it has the shape of ours, which would mean something else."""
    with pytest.raises(StoreError, match=f"is of method 3, not of {METHOD}") as refused:
        from_body(*signed(msgspec.json.encode({"method": 3, "model": model}).decode()))
    assert "thalweg discover" in refused.value.mend


def test_what_a_model_holds_more_is_not_passed_over() -> None:
    """A field that this version does not know may change what the others mean."""
    for more in ({"temperature": 1}, {"clusters": [{**msgspec.to_builtins(MODEL.clusters[0]), "radius": 2}]}):
        model = {**msgspec.to_builtins(MODEL), **more}
        with pytest.raises(StoreError, match="unknown field"):
            from_body(*signed(msgspec.json.encode({"method": METHOD, "model": model}).decode()))


def test_what_a_saved_model_gives_is_the_method() -> None:
    """Where this answer changes, models that were saved before would give other patterns: raise METHOD with it."""
    cluster = Cluster(id=UUID(int=2), center=[1.0, 0.0], profile={"y": 1.0})
    other = Cluster(id=UUID(int=4), center=[0.0, 1.0], profile={"z": 1.0})
    model = msgspec.structs.replace(
        MODEL,
        funnels=[(UUID(int=1), ("a", "b", "c")), (UUID(int=5), ("d", "e", "f"))],
        walking=msgspec.structs.replace(WALKING, shares=[[0.01, 0.02]] * 2, chances=[[0.1] * 3] * 2),
        clusters=[cluster, other],
        steps=["y", "z"],
        weights=[1.0, 3.0],
        axes=[[1.0, 0.0], [0.0, 1.0]],
    )
    sessions = ["ab", "axxb", "axqxb", "aaab", "axqbc", "abde", "deabc", "dxxxe", "ba", "y", "yz", "yyyz", "q", "aq"]

    assigned = assign(as_paths([list(steps) for steps in sessions]), model)

    assert METHOD == 2
    assert assigned.patterns.tolist() == [0, 0, 4, 0, 0, 0, 0, 1, 4, 2, 3, 3, 4, 4]
    assert assigned.walked.tolist() == [2, 2, 0, 2, 3, 2, 3, 2, 0, 0, 0, 0, 0, 0]


def test_a_store_that_is_older_has_no_model(place: Place) -> None:
    """The table is not there."""
    place.client.execute("CREATE DATABASE IF NOT EXISTS older")

    assert load_model(place.client, "older", "shop") is None
