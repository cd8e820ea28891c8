"""The simulated shop: its goods, its pages, and the journeys people take through it."""

from random import Random
from typing import NamedTuple

from streams.simulate.chance import Chance, Weighted, pick, zipf
from streams.simulate.journeys import Journey, walk
from streams.simulate.steps import IDENTIFY, PAGE, SERVER, TRACK, Step
from streams.simulate.visitors import Visitor

HOST = "shop.example"
CATEGORIES = ("lamps", "desks", "chairs", "shelves", "rugs", "kitchen", "garden", "textiles", "storage", "candles")
_PRODUCTS = 400
_ARTICLES = (
    "reading-corner", "small-kitchens", "how-to-hang-a-lamp", "oak-or-ash", "care-for-wool", "balcony-in-spring",
    "quiet-bedroom", "desk-height", "candle-safety", "repair-a-chair", "colours-of-2026", "wood-oil",
)  # fmt: skip
_TERMS = (
    "desk+lamp", "oak+table", "rug+200x300", "candle", "wall+shelf", "blue+chair", "gr%C3%BCne+lampe", "order+status",
    "gift", "bed", "returns", "anna.test%40example.com", "4111+1111+1111+1111", "%2B1+555+0100",
)  # fmt: skip


class Product(NamedTuple):
    """What the shop sells; ``price`` is a JSON number in euros."""

    number: int
    category: str
    price: str


def _product(rank: int) -> Product:
    return Product(1000 + rank * 7 % _PRODUCTS, CATEGORIES[rank * 3 % len(CATEGORIES)], f"{9 + rank * 37 % 390}.90")


_products = zipf([_product(rank) for rank in range(_PRODUCTS)], shift=4.0)
_categories = zipf(CATEGORIES)
_articles = zipf(_ARTICLES)
_terms = zipf(_TERMS, shift=3.0)

_HOME = Step(PAGE, "Home", "/")
_LIST = Step(PAGE, "{category}", "/category/{category}")
_PRODUCT = Step(PAGE, "Product {product}", "/product/{product}", "", '"product_id":"{product}","price":{price}')
_SEARCH = Step(PAGE, "Search", "/search", "q={term}")
_ADDED = Step(TRACK, "Product Added", properties='"product_id":"{product}","price":{price},"quantity":1')
_CART = Step(PAGE, "Cart", "/cart")
_ADDRESS = Step(PAGE, "Checkout: address", "/checkout/address")
_PAYMENT = Step(PAGE, "Checkout: payment", "/checkout/payment")
_CONFIRMED = Step(PAGE, "Thank you", "/order/{order}/confirmed")
_COMPLETED = Step(
    SERVER, "Order Completed", properties='"order_id":"{order}","total":{price},"currency":"EUR","email":"{email}"'
)
_LOGIN = Step(PAGE, "Sign in", "/account/login")
_IDENTIFY = Step(IDENTIFY, "", properties='"email":"{email}","plan":"customer"')
_ARTICLE = Step(PAGE, "{article}", "/blog/{article}")

JOURNEYS = (
    Journey("buy", 9, (_LIST, _PRODUCT, _ADDED, _CART, _ADDRESS, _PAYMENT, _COMPLETED, _CONFIRMED)),
    Journey(
        "search_and_buy", 5, (_SEARCH, _PRODUCT, _ADDED, _CART, _LOGIN, _IDENTIFY, _PAYMENT, _COMPLETED, _CONFIRMED)
    ),
    Journey(
        "sale",
        6,
        (
            Step(PAGE, "Spring sale", "/sale/spring"),
            _PRODUCT,
            Step(TRACK, "Coupon Applied", properties='"coupon":"SPRING26"'),
            _ADDED,
            _CART,
            Step(PAGE, "Express checkout", "/checkout/express"),
            _COMPLETED,
            _CONFIRMED,
        ),
    ),
    Journey(
        "sign_up",
        6,
        (
            _ARTICLE,
            Step(PAGE, "Newsletter", "/newsletter"),
            Step(PAGE, "Create an account", "/account/register", "email={email_encoded}"),
            Step(TRACK, "Signed Up", properties='"email":"{email}","method":"email"'),
            _IDENTIFY,
            Step(PAGE, "Welcome", "/account/welcome"),
        ),
    ),
    Journey(
        "return_goods",
        5,
        (
            _LOGIN,
            _IDENTIFY,
            Step(PAGE, "Your orders", "/account/orders"),
            Step(PAGE, "Order {order}", "/account/orders/{order}"),
            Step(PAGE, "Returns", "/returns/start"),
            Step(TRACK, "Return Requested", properties='"order_id":"{order}","reason":"too small"'),
            Step(PAGE, "Return label", "/returns/label"),
        ),
    ),
    Journey(
        "support",
        6,
        (
            Step(PAGE, "Help", "/help"),
            Step(PAGE, "Delivery times", "/help/delivery"),
            Step(PAGE, "Contact us", "/help/contact"),
            Step(
                TRACK,
                "Ticket Opened",
                properties='"topic":"delivery","message":"Where is {order}? Write to {email} or call +1 202-555-0143"',
            ),
            Step(PAGE, "Your ticket", "/help/ticket"),
        ),
    ),
    Journey(
        "gift_card",
        5,
        (
            Step(PAGE, "Gift cards", "/gift-cards"),
            Step(PAGE, "Design your card", "/gift-cards/design"),
            Step(TRACK, "Gift Card Designed", properties='"amount":50'),
            Step(PAGE, "Gift card checkout", "/gift-cards/checkout"),
            _COMPLETED,
            _CONFIRMED,
        ),
    ),
)
_BROWSE = Journey("browse", 58, ())
_journeys = Weighted([*JOURNEYS, _BROWSE], [journey.weight for journey in (*JOURNEYS, _BROWSE)])


def shop_steps(visitor: Visitor, random: Random) -> tuple[list[Step], str]:
    """What a visitor does in one visit, and the name of the journey (``+`` when it came to its end)."""
    chance = random.random
    journey = _journeys.draw(chance)
    if journey is _BROWSE:
        return _browse(chance), journey.name
    product = _products.draw(chance)
    fields = {
        "product": str(product.number),
        "category": product.category,
        "price": product.price,
        "order": f"O-{random.getrandbits(32):08x}",
        "article": _articles.draw(chance),
        "term": _terms.draw(chance),
        "email": visitor.email,
        "email_encoded": visitor.email.replace("@", "%40"),
    }
    steps, completed = walk(journey, fields, stroll, chance)
    if chance() < 0.35:
        steps.insert(0, _HOME)
    return steps, f"{journey.name}+" if completed else journey.name


def stroll(chance: Chance) -> Step:
    """Any page, the popular ones most."""
    draw = chance()
    if draw < 0.18:
        return _HOME
    if draw < 0.42:
        category = _categories.draw(chance)
        return Step(PAGE, category, f"/category/{category}")
    if draw < 0.80:
        number, _, price = _products.draw(chance)
        return Step(PAGE, f"Product {number}", f"/product/{number}", "", f'"product_id":"{number}","price":{price}')
    if draw < 0.90:
        article = _articles.draw(chance)
        return Step(PAGE, article, f"/blog/{article}")
    if draw < 0.97:
        return Step(PAGE, "Search", "/search", f"q={_terms.draw(chance)}")
    return Step(
        PAGE, pick(("About us", "Shipping", "Imprint"), chance), pick(("/about", "/shipping", "/imprint"), chance)
    )


def _browse(chance: Chance) -> list[Step]:
    """Half leave after one page; the rest stroll, each page seven times in ten followed by another."""
    steps = [stroll(chance)]
    if chance() < 0.5:
        return steps
    while len(steps) < 40:
        steps.append(stroll(chance))
        if chance() < 0.3:
            break
    return steps
