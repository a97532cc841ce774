"""Lists the records whose time is over, or takes their personal data out."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from privacy import retention as privacy_retention


class Command(BaseCommand):
    help = "Say what the nightly retention run would do now, one line a rule. With --run, do it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--run", action="store_true", help="take it out now, instead of only saying what is due")

    def handle(self, *args: Any, **options: Any) -> None:
        now, run = timezone.now(), options["run"]
        counts = privacy_retention.run_rules(now=now).done if run else privacy_retention.count_by_rule(now)
        for rule in privacy_retention.registered_rules():
            kept = "" if rule.ahead else "kept for "
            self.stdout.write(f"{counts[rule.name]:>9,}  {rule.what} ({kept}{rule.how_long} after {rule.since})")
        self.stdout.write("That was taken out." if run else "Nothing was changed. With --run it is taken out.")
