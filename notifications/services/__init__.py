"""Every write to the outbox."""

from notifications.services.collecting import collect
from notifications.services.delivering import deliver
from notifications.services.erasing import erase_bodies_about, erase_for, export_for
from notifications.services.resending import CannotResend, may_resend, resend
from notifications.services.sweeping import sweep
from notifications.services.writing import Later, notify, notify_each, notify_found, seal_and_send

__all__ = [
    "CannotResend",
    "Later",
    "collect",
    "deliver",
    "erase_bodies_about",
    "erase_for",
    "export_for",
    "may_resend",
    "notify",
    "notify_each",
    "notify_found",
    "resend",
    "seal_and_send",
    "sweep",
]
