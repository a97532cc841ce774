"""After a restore: erases everybody again who was erased since the backup."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import DomainError
from privacy.models import DataActionReason
from privacy.services import HasStaffAccount, VisitBlocksErasure, erase_person, read_erasures
from professionals.models import Person

# A person is named by their number alone, which is in the URL of their page.
ADVICE_BY_ERROR = {
    VisitBlocksErasure: "a presenter may be on the way to them, or has not been heard from. Run it again after that visit.",
    HasStaffAccount: "they have a staff account, as the backup has it. A manager takes “Staff” off it; then run this again.",
}


class Command(BaseCommand):
    help = "After a restore, erase again everybody whom the file of erasures names, or each of several. Twice does no harm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--file",
            nargs="+",
            default=[str(settings.ERASURES_FILE)],
            help="the file of erasures, if it is not ERASURES_FILE; of several machines that each wrote one, all of them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        paths, again = [Path(name) for name in options["file"]], 0
        for path in paths:
            if not path.exists():
                raise CommandError(
                    f"There is no file {path}. If nobody was ever erased that is right; else find it and name it with --file."
                )
        try:
            erasures = [erasure for path in paths for erasure in read_erasures(path)]
        except ValueError as error:
            raise CommandError(str(error)) from error
        refused = []
        for erasure in erasures:
            person = Person.objects.filter(pk=erasure.person, created_at=erasure.since, erased_at=None).first()
            if person is None:
                continue
            try:
                erase_person(person, by=None, now=timezone.now(), reason=DataActionReason.RESTORED)
                again += 1
            except Exception as error:  # noqa: BLE001 - one who can't be erased must not leave all who come after in the database
                refused.append(f"Person {person.pk}: {refusal_reason(error)}")
        left = f"Not erased: {len(refused)}. " if refused else ""
        self.stdout.write(
            f"{len(erasures)} erasures are written down. Erased again: {again}. {left}All others are erased or not here."
        )
        if refused:
            raise CommandError("\n".join(["These are not erased:", *refused]))


def refusal_reason(error: Exception) -> str:
    """Why somebody was not erased. Of an unexpected error it gives only the class: its text may name a person."""
    for refusal, advice in ADVICE_BY_ERROR.items():
        if isinstance(error, refusal):
            return advice
    if isinstance(error, DomainError):
        return f"{error.message} Run it again."
    return f"it failed ({type(error).__name__}). Run it again, and if it fails again, call who looks after the site."
