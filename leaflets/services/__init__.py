"""Every write to the catalogue, stock and orders."""

from leaflets.services.allowances import Allowance, OrderedLately, Workplace, ordered_lately
from leaflets.services.bringing import Possible, bring, forget_giver, give_order_to, possible_now, possible_of
from leaflets.services.changing import (
    Change,
    NothingDifferent,
    NothingLeft,
    OnlyWhatWasLost,
    OrderIsAnotherNow,
    PartHasLeft,
    change_order,
)
from leaflets.services.confirming import CountSomeAgain, DifferencesAreOthersNow, NothingCounted, confirm_count, differences_of
from leaflets.services.counting import (
    CountIsOver,
    NothingToCount,
    Typed,
    abandon_count,
    count_again,
    counts_of,
    record_counts,
    start_count,
)
from leaflets.services.covers import make_cover
from leaflets.services.deciding import MoreThanAsked, NothingGranted, approve, decline
from leaflets.services.downloads import count_download, is_a_program
from leaflets.services.editions import NotAPdf, Notice, add_edition, record_review, withdraw_edition
from leaflets.services.forward import IsForwardAlready, IsNotForward, WaitsForNothing, pass_forward, put_back_in_line
from leaflets.services.fulfilling import EditionIsWithdrawn, cancel, dispatch, start_packing
from leaflets.services.missing import (
    AlreadyDecided,
    NothingToSendAgain,
    NotYetMissing,
    TooLongAgo,
    close_missing,
    report_missing,
    send_again,
)
from leaflets.services.placing import AlreadyPlaced, EmptyBasket, place_order
from leaflets.services.recalling import (
    AlreadyRecalled,
    NewerPrintIsThere,
    NoSuccessor,
    Plan,
    Wish,
    mark_phoned,
    plan_recall,
    recall_edition,
    unmark_phoned,
)
from leaflets.services.reconciling import differences
from leaflets.services.shortfalls import Shortfall, Shortfalls, shortfall
from leaflets.services.states import OrderHasMoved, OrderIsAColleaguesNow
from leaflets.services.stock import NothingToChange, StockIsPromised, correct_stock, receive_stock
from leaflets.services.titles import Title, titles_of, version_of
from leaflets.services.versions import VersionIsThere, add_version

__all__ = [
    "Allowance",
    "AlreadyDecided",
    "AlreadyPlaced",
    "AlreadyRecalled",
    "Change",
    "CountIsOver",
    "CountSomeAgain",
    "DifferencesAreOthersNow",
    "EditionIsWithdrawn",
    "EmptyBasket",
    "IsForwardAlready",
    "IsNotForward",
    "MoreThanAsked",
    "NewerPrintIsThere",
    "NoSuccessor",
    "NotAPdf",
    "NotYetMissing",
    "NothingCounted",
    "NothingDifferent",
    "NothingGranted",
    "NothingLeft",
    "NothingToChange",
    "NothingToCount",
    "NothingToSendAgain",
    "Notice",
    "OnlyWhatWasLost",
    "OrderHasMoved",
    "OrderIsAColleaguesNow",
    "OrderIsAnotherNow",
    "OrderedLately",
    "PartHasLeft",
    "Plan",
    "Possible",
    "Shortfall",
    "Shortfalls",
    "StockIsPromised",
    "Title",
    "TooLongAgo",
    "Typed",
    "VersionIsThere",
    "WaitsForNothing",
    "Wish",
    "Workplace",
    "abandon_count",
    "add_edition",
    "add_version",
    "approve",
    "bring",
    "cancel",
    "change_order",
    "close_missing",
    "confirm_count",
    "correct_stock",
    "count_again",
    "count_download",
    "counts_of",
    "decline",
    "differences",
    "differences_of",
    "dispatch",
    "forget_giver",
    "give_order_to",
    "is_a_program",
    "make_cover",
    "mark_phoned",
    "ordered_lately",
    "pass_forward",
    "place_order",
    "plan_recall",
    "possible_now",
    "possible_of",
    "put_back_in_line",
    "recall_edition",
    "receive_stock",
    "record_counts",
    "record_review",
    "report_missing",
    "send_again",
    "shortfall",
    "start_count",
    "start_packing",
    "titles_of",
    "unmark_phoned",
    "version_of",
    "withdraw_edition",
]
