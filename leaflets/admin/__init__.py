"""What staff keep: the catalogue, stock, and orders."""

from leaflets.admin import catalogue, editions, missing, orders, packing, stock, waiting

__all__ = ["catalogue", "editions", "missing", "orders", "packing", "stock", "waiting"]
