from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from models.templates import MAX_SEGMENTS, Limits, Templates, learn

SHOP = {
    "/": 900,
    "/help": 40,
    **{f"/product/{1000 + n}": 100 - n for n in range(60)},
    **{f"/product/{1000 + n}/reviews": 3 for n in range(0, 60, 7)},
    **{f"/category/{word}": 50 for word in ("lamps", "desks", "rugs")},
    **{f"/order/O-{n:04}/confirmed": 1 for n in range(50)},
}


def test_many_siblings_become_ids_and_few_stay() -> None:
    """Products and orders are one page each; categories are pages of their own."""
    templates = learn(SHOP)

    assert {templates.of(path) for path in SHOP} == {
        "/", "/help", "/product/:id", "/product/:id/reviews", "/order/:id/confirmed",
        "/category/lamps", "/category/desks", "/category/rugs",
    }  # fmt: skip
    assert templates.patterns() == ["/order/:id/confirmed", "/product/:id", "/product/:id/reviews"]


def test_a_popular_product_is_an_id_and_a_popular_word_a_page() -> None:
    """Of codes none stands out; of many words one that takes 5 % of the visits does."""
    codes = {f"/p/{n}": 1 for n in range(100, 140)} | {"/p/99": 10_000}
    words = {f"/blog/{chr(97 + n % 26)}{chr(97 + n // 26)}x": 1 for n in range(60)} | {"/blog/news": 10}

    assert {learn(codes).of(path) for path in codes} == {"/p/:id"}
    assert {learn(words).of(path) for path in words} == {"/blog/:id", "/blog/news"}


def test_thresholds_are_more_than() -> None:
    """Exactly as many siblings as the limit stay."""
    limits = Limits(words=3, codes=2)
    for n, expected in ((2, 2), (3, 1)):
        paths = {f"/p/{place}1": 1 for place in range(n)}
        assert len({learn(paths, limits).of(path) for path in paths}) == expected
    for n, expected in ((3, 3), (4, 1)):
        paths = {f"/p/{'abcd'[place]}": 1 for place in range(n)}
        assert len({learn(paths, Limits(words=3, prominent=1.1)).of(path) for path in paths}) == expected


def test_extensions_are_pages_of_their_kind() -> None:
    """A table as HTML and as CSV are two pages; a document among many data sets stays."""
    paths = {f"/data/set_{n}{n}.{kind}": 3 for n in range(40) for kind in ("html", "csv")} | {"/data/index.html": 1}

    assert learn(paths).patterns() == ["/data/:id.csv", "/data/:id.html"]
    assert learn(paths).of("/data/index.html") == "/data/index.html"


def test_where_codes_are_ids_whatever_holds_a_digit_is_one() -> None:
    """An order number that happens to be all letters but one is still an order's."""
    paths = {f"/orders/O-{n:06}": 1 for n in range(100, 120)} | {"/orders/O-efebd9cc": 50, "/orders/export": 1}

    assert {learn(paths).of(path) for path in paths} == {"/orders/:id", "/orders/export"}


def test_an_opaque_segment_is_an_id_even_alone_and_unseen() -> None:
    """Nobody names a page after a UUID."""
    path = "/share/017f22e2-79b0-7cc3-98c4-dc0c0c07398f/view"

    assert learn({path: 1}).of(path) == "/share/:id/view"
    assert learn({"/": 1}).of(path) == "/share/:id/view"


def test_a_path_never_seen_takes_the_template_of_its_place() -> None:
    """New products are products; what lies at an unknown place stays as it is."""
    templates = learn(SHOP)

    assert templates.of("/product/99999") == "/product/:id"
    assert templates.of("/product/77/reviews") == "/product/:id/reviews"
    assert templates.of("/category/vases") == "/category/vases"
    assert templates.of("/nowhere/12") == "/nowhere/12"


def test_a_slash_at_the_end_is_another_page() -> None:
    """As the log says it; a site that redirects one to the other shows both."""
    paths = {f"/p/{n}/": 1 for n in range(20)} | {f"/p/{n}": 1 for n in range(20)}

    assert learn(paths).patterns() == ["/p/:id", "/p/:id/"]


def test_an_endless_path_is_cut() -> None:
    """A scanner's path of a hundred thousand segments costs no more than its length."""
    path = "/a" * 100_000

    assert learn({path: 1}).of(path).count("/") == MAX_SEGMENTS


@given(st.randoms(use_true_random=False))
def test_order_of_the_paths_does_not_matter(random: Random) -> None:
    """The same paths and visits give the same templates."""
    paths = list(SHOP.items())
    random.shuffle(paths)

    assert msgspec.json.encode(learn(dict(paths)), order="sorted") == msgspec.json.encode(learn(SHOP), order="sorted")


@given(st.dictionaries(st.text(alphabet="/a1.:%", max_size=12).map("/".__add__), st.integers(1, 50), max_size=60))
def test_any_paths_keep_their_depth(paths: dict[str, int]) -> None:
    """A template has its path's segments, each as it was or an id, and is kept by JSON."""
    templates = learn(paths, Limits(words=2, codes=1))
    kept = msgspec.json.decode(msgspec.json.encode(templates), type=Templates)

    for path in paths:
        template = templates.of(path)
        assert template == kept.of(path)
        for segment, word in zip(path.split("/"), template.split("/"), strict=True):
            assert word in {segment, ":id" + segment[segment.rfind(".") :] if "." in segment else ":id", ":id"}


segments = st.sampled_from(["a", "b", "list", "jane", "x1", "77", "1234567", "a.html", "9.html", "", ":id"])
paths_of_sites = st.dictionaries(st.lists(segments, max_size=4).map(lambda s: "/" + "/".join(s)), st.integers(1, 50))


@given(paths_of_sites, paths_of_sites, st.data())
def test_only_wanted_templates_are_known_and_given(
    known: dict[str, int], new: dict[str, int], data: st.DataObject
) -> None:
    """Whatever the path, seen or not: the wanted template it had, or none that is wanted."""
    limits = Limits(words=data.draw(st.integers(1, 4)), codes=data.draw(st.integers(0, 2)), prominent=0.3)
    whole = learn(known, limits)
    wanted = data.draw(st.sets(st.sampled_from(sorted(map(whole.of, known))))) if known else set()

    some = whole.only(wanted)

    for path in {*known, *new}:
        full = whole.of(path)
        assert some.of(path) == full if full in wanted else some.of(path) not in wanted
    assert {*some.patterns(), *some.literals()} <= wanted


def test_a_page_nobody_asked_for_is_not_named() -> None:
    """Nor a person below it; a word that is no id among ids stays, since it would be taken for one."""
    some = learn(SHOP | {"/people/jane": 1, "/product/new": 900}).only({"/help", "/product/:id"})

    assert b"people" not in msgspec.json.encode(some)
    assert b"reviews" not in msgspec.json.encode(some)
    assert some.of("/product/77") == "/product/:id"
    assert some.of("/product/new") == "/product/new"
    assert Templates(some.root).only({"/help"}).literals() == ["/help"]
