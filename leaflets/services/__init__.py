"""Every write to the catalogue, stock and orders."""

from leaflets.services.editions import NotAPdf, add_edition, withdraw_edition
from leaflets.services.fulfilling import EditionIsWithdrawn, cancel, dispatch, start_packing
from leaflets.services.placing import AlreadyPlaced, EmptyBasket, Shortfall, Shortfalls, place_order, shortfall
from leaflets.services.reconciling import differences
from leaflets.services.states import OrderHasMoved
from leaflets.services.stock import NothingToChange, StockIsPromised, correct_stock, receive_stock
from leaflets.services.versions import VersionIsThere, add_version

__all__ = [
    "AlreadyPlaced",
    "EditionIsWithdrawn",
    "EmptyBasket",
    "NotAPdf",
    "NothingToChange",
    "OrderHasMoved",
    "Shortfall",
    "Shortfalls",
    "StockIsPromised",
    "VersionIsThere",
    "add_edition",
    "add_version",
    "cancel",
    "correct_stock",
    "differences",
    "dispatch",
    "place_order",
    "receive_stock",
    "shortfall",
    "start_packing",
    "withdraw_edition",
]
