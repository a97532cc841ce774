"""After a restore: erases again whoever was erased since the backup."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ctac.errors import DomainError
from professionals.erasure_file import erasures_in, to_be_erased_again
from professionals.models import Reason
from professionals.privacy import erase_person


class Command(BaseCommand):
    help = "After a restore, erase again everybody whom the file of erasures names. Twice does no harm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--file", default=str(settings.ERASURES_FILE), help="the file of erasures, if it is not ERASURES_FILE"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path, again, refused = Path(options["file"]), 0, 0
        if not path.exists():
            raise CommandError(
                f"There is no file {path}. If nobody was ever erased that is right; else find it and name it with --file."
            )
        try:
            erasures = list(erasures_in(path))
        except ValueError as error:
            raise CommandError(str(error)) from error
        for person in to_be_erased_again(erasures):
            try:
                erase_person(person, by=None, now=timezone.now(), reason=Reason.RESTORED)
                again += 1
            except DomainError:
                refused += 1
        self.stdout.write(f"{len(erasures)} erasures are written down. Erased again: {again}. All others are erased or not here.")
        if refused:
            raise CommandError(f"A presenter may be on the way to {refused} of them: run it again when those visits are over.")
