"""Every write to the outbox."""

from notifications.services.bouncing import arrived, delivered, moved, put_right, take, team_addresses
from notifications.services.choosing import choose, export_choices
from notifications.services.collecting import News, collect_each
from notifications.services.delivering import deliver, deliver_each
from notifications.services.erasing import (
    erase_about,
    erase_bodies_about,
    erase_for,
    erase_messages,
    erase_messages_before,
    export_for,
    forget_addresses,
    kept_since_before,
    marked_before,
    waiting_about,
)
from notifications.services.readdressing import readdress
from notifications.services.resending import CannotResend, may_resend, resend, resend_failed
from notifications.services.sweeping import sweep
from notifications.services.writing import About, Later, notify, notify_about, notify_each, seal_and_send

__all__ = [
    "About",
    "CannotResend",
    "Later",
    "News",
    "arrived",
    "choose",
    "collect_each",
    "deliver",
    "deliver_each",
    "delivered",
    "erase_about",
    "erase_bodies_about",
    "erase_for",
    "erase_messages",
    "erase_messages_before",
    "export_choices",
    "export_for",
    "forget_addresses",
    "kept_since_before",
    "marked_before",
    "may_resend",
    "moved",
    "notify",
    "notify_about",
    "notify_each",
    "put_right",
    "readdress",
    "resend",
    "resend_failed",
    "seal_and_send",
    "sweep",
    "take",
    "team_addresses",
    "waiting_about",
]
