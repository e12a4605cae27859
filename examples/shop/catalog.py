"""What the shop sells. Prices are looked up here each time, never taken from a session."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Product:
    """One thing to buy, with its name in each language of :mod:`.texts`."""

    sku: str
    price: Decimal
    names: dict[str, str]


def _product(sku: str, price: str, en: str, de: str, fr: str) -> Product:
    return Product(sku, Decimal(price), {"en": en, "de": de, "fr": fr})


PRODUCTS = {
    product.sku: product
    for product in (
        _product("mug", "14.50", "Stoneware mug", "Tonbecher", "Mug en grès"),
        _product("teapot", "39.00", "Enamel teapot", "Teekanne", "Théière émaillée"),
        _product("bowl", "27.90", "Olive wood bowl", "Holzschale", "Bol en bois d'olivier"),
        _product("candle", "9.80", "Beeswax candle", "Wachskerze", "Bougie en cire"),
        _product("lamp", "64.00", "Desk lamp", "Tischlampe", "Lampe de bureau"),
        _product("clock", "48.00", "Wall clock", "Wanduhr", "Horloge murale"),
        _product("notebook", "11.20", "Linen notebook", "Notizbuch", "Carnet en lin"),
        _product("pencils", "6.40", "Cedar pencils", "Holzstifte", "Crayons en cèdre"),
        _product("fern", "18.00", "Potted fern", "Farn im Topf", "Fougère en pot"),
        _product("cushion", "32.50", "Wool cushion", "Wollkissen", "Coussin en laine"),
        _product("umbrella", "29.00", "Rain umbrella", "Regenschirm", "Parapluie"),
        _product("bag", "16.90", "Canvas bag", "Stofftasche", "Sac en toile"),
    )
}
