"""Everything that a copy needs when no server is named: database, broker, mail sink, and what keeps them running."""


class PlatformError(Exception):
    """Something that this machine lacks or forbids; the message says in one line what to do."""
