"""Every write to the catalogue, stock and orders."""
