"""The base of every error that a service raises for a person to read."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A rule refuses something. `message` is a sentence that tells the person what to do.

    A subclass is for an error that is caught by name, carries data, or has one sentence at several places. `passing`: somebody
    else was quicker, and a second try may well succeed.
    """

    message: str | Promise = ""
    passing: ClassVar[bool] = False

    def __init__(self, message: str | Promise = "") -> None:
        self.message = message or self.message
        super().__init__(self.message)


class ChangedMeanwhile(DomainError):
    """Somebody else has changed it since the page was opened."""

    message = _("A colleague has already done this, so nothing was changed.")


class StorageUnavailable(OSError):
    """The storage of files doesn't answer, or refuses. The page is a 503; the message is for the log."""
