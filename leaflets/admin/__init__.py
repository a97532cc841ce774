"""What staff keep: the catalogue, stock, and orders."""

from leaflets.admin import catalogue, editions, orders, stock, waiting

__all__ = ["catalogue", "editions", "orders", "stock", "waiting"]
