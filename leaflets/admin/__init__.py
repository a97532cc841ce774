"""What staff keep: the catalogue, stock, and orders."""

from leaflets.admin import catalogue, orders, stock

__all__ = ["catalogue", "orders", "stock"]
