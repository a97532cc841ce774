from leaflets.models.addresses import KeptAddress
from leaflets.models.alerts import StockAlert
from leaflets.models.counting import StockTake, StockTakeState, TitleCount
from leaflets.models.downloads import DownloadCount
from leaflets.models.events import EventKind, OrderEvent
from leaflets.models.exchange import ImportState, OrderExport, SheetForm, SheetImport, SheetKind
from leaflets.models.forecast import DispatchCount, LowStock
from leaflets.models.leaflet import Edition, EditionState, Leaflet
from leaflets.models.missing import MissingParcel, MissingState
from leaflets.models.order import (
    MOVES,
    OPEN_STATES,
    OWNER_MAY_CANCEL,
    Channel,
    Delivery,
    Dispatch,
    Order,
    OrderLine,
    OrderState,
    ToBring,
)
from leaflets.models.packing import (
    MOST_PARCELS,
    NOT_SAID_WHY,
    PUT_BACK,
    LeftOut,
    Outcome,
    PackingSession,
    Parcel,
    Printed,
    PrintRecord,
    SessionState,
)
from leaflets.models.paper import Paper, paper_of
from leaflets.models.recall import Advice, Instead, Reach, Recall, RecallHolder, RecallOrder
from leaflets.models.stock import MovementKind, StockMovement
from leaflets.models.versions import Format, Language
from leaflets.models.words import LeafletWords, Word

__all__ = [
    "MOST_PARCELS",
    "MOVES",
    "NOT_SAID_WHY",
    "OPEN_STATES",
    "OWNER_MAY_CANCEL",
    "PUT_BACK",
    "Advice",
    "Channel",
    "Delivery",
    "Dispatch",
    "DispatchCount",
    "DownloadCount",
    "Edition",
    "EditionState",
    "EventKind",
    "Format",
    "ImportState",
    "Instead",
    "KeptAddress",
    "Language",
    "Leaflet",
    "LeafletWords",
    "LeftOut",
    "LowStock",
    "MissingParcel",
    "MissingState",
    "MovementKind",
    "Order",
    "OrderEvent",
    "OrderExport",
    "OrderLine",
    "OrderState",
    "Outcome",
    "PackingSession",
    "Paper",
    "Parcel",
    "PrintRecord",
    "Printed",
    "Reach",
    "Recall",
    "RecallHolder",
    "RecallOrder",
    "SessionState",
    "SheetForm",
    "SheetImport",
    "SheetKind",
    "StockAlert",
    "StockMovement",
    "StockTake",
    "StockTakeState",
    "TitleCount",
    "ToBring",
    "Word",
    "paper_of",
]
