"""The base of every error that a service raises for a person to read."""

from typing import ClassVar

from django.utils.functional import Promise


class DomainError(Exception):
    """A rule said no. `message` is a sentence that tells the person what to do. A subclass is for what is caught by name,
    carries data, or says the same at several places.

    `passing`: somebody else was quicker, and there is no more to it. Who reads everything anew may well be let do it.
    """

    message: str | Promise = ""
    passing: ClassVar[bool] = False

    def __init__(self, message: str | Promise = "") -> None:
        self.message = message or self.message
        super().__init__(self.message)


class StorageUnavailable(OSError):
    """The storage of files doesn't answer, or refuses. Its words are for the log; whoever asked for a page gets a 503."""
