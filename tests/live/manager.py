"""`python -m tests.live.manager` runs management commands of one copy, so that not each has to load Django again.

A line in: the words of a command, as JSON. A line out: its exit code and what it printed, as JSON.
"""

import io
import json
import sys
import traceback
from contextlib import redirect_stdout

import django
from django.core.management import CommandError, call_command
from django.db import connections


def done(words: list[str]) -> tuple[int, str]:
    """Like manage.py with these words."""
    code, said = 0, io.StringIO()
    with redirect_stdout(said):
        try:
            call_command(*words)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except CommandError as refusal:
            code = 1
            said.write(f"{refusal}\n")
        except Exception:  # noqa: BLE001 - whoever asked reads it
            code = 1
            said.write(traceback.format_exc())
    connections.close_all()
    return code, said.getvalue()


def main() -> None:
    answers = sys.stdout
    django.setup()
    for line in sys.stdin:
        answers.write(json.dumps(done(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
