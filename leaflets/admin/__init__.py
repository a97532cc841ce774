"""What staff keep: the catalogue, stock, and orders."""

from leaflets.admin import catalogue, counting, editions, exchange, importing, missing, orders, packing, recalls, stock, waiting

__all__ = [
    "catalogue",
    "counting",
    "editions",
    "exchange",
    "importing",
    "missing",
    "orders",
    "packing",
    "recalls",
    "stock",
    "waiting",
]
