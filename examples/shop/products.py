"""Pages of products and of the cart."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from . import cart
from .catalog import PRODUCTS, Product
from .texts import name, text

blueprint = Blueprint("products", __name__)


@blueprint.get("/")
def index() -> str:
    """All that the shop sells."""
    return render_template("products.html", products=PRODUCTS.values())


@blueprint.get("/cart")
def show_cart() -> str:
    """What the visitor is about to buy."""
    lines = cart.lines()
    return render_template("cart.html", lines=lines, total=cart.total(lines), most=cart.MOST)


@blueprint.post("/cart/add")
def add() -> Response:
    """Put one of a product into the cart."""
    product = _product()
    cart.add(product)
    flash(text("cart.added", name=name(product)), "success")
    return redirect(url_for(".index", _anchor=product.sku))


@blueprint.post("/cart/change")
def change() -> Response:
    """Have another quantity of a product, or none of it."""
    product = _product()
    quantity = request.form.get("quantity", type=int)
    if quantity is None:
        flash(text("cart.number"), "error")
    else:
        cart.change(product, quantity)
        done = "cart.changed" if quantity > 0 else "cart.removed"
        flash(text(done, name=name(product)), "success")
    return redirect(url_for(".show_cart"))


def _product() -> Product:
    """The product that the form is about."""
    return PRODUCTS.get(request.form.get("sku", "")) or abort(404)
