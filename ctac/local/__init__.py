"""What a copy needs if no server is named: database, broker, mail sink, and a supervisor that keeps them running."""


class PlatformError(Exception):
    """Something that this machine lacks or forbids; the message says in one line what to do."""
