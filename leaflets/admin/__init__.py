"""What staff keep: the catalogue, stock, and orders."""

from leaflets.admin import catalogue, orders, stock, waiting

__all__ = ["catalogue", "orders", "stock", "waiting"]
