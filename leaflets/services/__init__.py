"""Every write to the catalogue, stock and orders."""

from leaflets.services.covers import make_cover
from leaflets.services.downloads import count_download, is_a_program
from leaflets.services.editions import NotAPdf, Notice, add_edition, record_review, withdraw_edition
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
    "Notice",
    "OrderHasMoved",
    "Shortfall",
    "Shortfalls",
    "StockIsPromised",
    "VersionIsThere",
    "add_edition",
    "add_version",
    "cancel",
    "correct_stock",
    "count_download",
    "differences",
    "dispatch",
    "is_a_program",
    "make_cover",
    "place_order",
    "receive_stock",
    "record_review",
    "shortfall",
    "start_packing",
    "withdraw_edition",
]
