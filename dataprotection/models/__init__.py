from dataprotection.models.breach import TELL_WITHIN, Breach, BreachEvent, BreachEventKind, Decision
from dataprotection.models.complaint import (
    ACKNOWLEDGE_WITHIN,
    Came,
    Complaint,
    ComplaintEvent,
    ComplaintEventKind,
    ComplaintQuerySet,
    ComplaintState,
    Told,
)

__all__ = [
    "ACKNOWLEDGE_WITHIN",
    "TELL_WITHIN",
    "Breach",
    "BreachEvent",
    "BreachEventKind",
    "Came",
    "Complaint",
    "ComplaintEvent",
    "ComplaintEventKind",
    "ComplaintQuerySet",
    "ComplaintState",
    "Decision",
    "Told",
]
