"""Django's PostgreSQL backend, with two savings for each request (ADR 31): fewer questions whether the server is still there, and
statements that are prepared once on a connection."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    prepared: set[str]  # names of the statements that this connection knows

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.prepared = set()
        return super().get_new_connection(conn_params)

    def init_connection_state(self) -> None:
        """A search that stops when it has enough begins at the start of its table, and so finds the same each time (ADR 23)."""
        super().init_connection_state()
        with self.cursor() as cursor:
            cursor.execute("SET synchronize_seqscans = off")

    def is_usable(self) -> bool:
        """A server that went away, or has something to say, leaves something to read; of one that is quiet nothing is asked."""
        if self.errors_occurred or something_to_read(self.connection.fileno()):
            return super().is_usable()
        return True

    def prepare(self, cursor: Any, name: str, sql: str, parameters: list[Any]) -> None:
        """Let this connection know the statement, unless it does. Beneath Django's cursor, where it is not counted or logged."""
        if name not in self.prepared:
            with self.wrap_database_errors:
                cursor.cursor.execute(f"PREPARE {name} AS {sql}", parameters)
            self.prepared.add(name)


def something_to_read(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
