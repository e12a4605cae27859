"""What is sold. Prices are looked up here each time, never taken from a session."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint

from flask_sessionplus import no_session

blueprint = no_session(Blueprint("catalog", __name__))


@dataclass(frozen=True)
class Product:
    """One thing to buy."""

    sku: str
    name: str
    price: Decimal


PRODUCTS = {
    product.sku: product
    for product in (
        Product("mug", "Stoneware mug", Decimal("14.50")),
        Product("teapot", "Enamel teapot", Decimal("39.00")),
        Product("candle", "Beeswax candle", Decimal("9.80")),
        Product("pencils", "Cedar pencils", Decimal("6.40")),
    )
}


@blueprint.get("/products")
def products() -> list[Product]:
    """All that is sold."""
    return list(PRODUCTS.values())
