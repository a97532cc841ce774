"""After a restore: erases again whoever was erased since the backup."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ctac.errors import DomainError
from privacy.models import DataActionReason
from privacy.services import StaffAccount, VisitInTheWay, erase_person, people_to_erase_again, read_erasures

# Nobody is named: of whom it is, the number in the address of their page says.
WHAT_TO_DO = {
    VisitInTheWay: "a presenter may be on the way to them, or has not been heard from. Run it again when that visit is over.",
    StaffAccount: "they have a staff account, as the backup has it. A manager takes “Staff” off it; then run this again.",
}


class Command(BaseCommand):
    help = "After a restore, erase again everybody whom the file of erasures names. Twice does no harm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--file", default=str(settings.ERASURES_FILE), help="the file of erasures, if it is not ERASURES_FILE"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path, again = Path(options["file"]), 0
        if not path.exists():
            raise CommandError(
                f"There is no file {path}. If nobody was ever erased that is right; else find it and name it with --file."
            )
        try:
            erasures = list(read_erasures(path))
        except ValueError as error:
            raise CommandError(str(error)) from error
        refused: dict[int, Exception] = {}
        for person in people_to_erase_again(erasures):
            try:
                erase_person(person, by=None, now=timezone.now(), reason=DataActionReason.RESTORED)
                again += 1
            except Exception as error:  # noqa: BLE001 - one who can't be erased must not leave all who come after in the database
                refused[person.pk] = error
        left = f"Not erased: {len(refused)}. " if refused else ""
        told = f"{len(erasures)} erasures are written down. Erased again: {again}. {left}All others are erased or not here."
        self.stdout.write(told)
        if refused:
            raise CommandError("\n".join(["These are not erased:", *reasons(refused.items())]))


def reasons(refused: Iterable[tuple[int, Exception]]) -> Iterator[str]:
    for key, error in refused:
        yield f"Person {key}: {why(error)}"


def why(error: Exception) -> str:
    """Of what no rule refused, its sort alone: the words may have a person in them."""
    for sort, words in WHAT_TO_DO.items():
        if isinstance(error, sort):
            return words
    if isinstance(error, DomainError):
        return f"{error.message} Run it again."
    return f"it failed ({type(error).__name__}). Run it again, and if it fails again, call who looks after the site."
