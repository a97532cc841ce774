"""The broker of a copy that names none: a folder, and how Celery reaches it or a real server."""

from pathlib import Path
from urllib.parse import urlsplit

from kombu.entity import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

URL = "folder://localhost"  # no host, but kombu warns without one
TRANSPORT_ALIASES["folder"] = "ctac.local.transport:Transport"
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "ctac.redis_transport:Transport"))

# Seconds. A broker that accepts connections and then says nothing must not hold a page: the outbox sweep
# finds what was not queued. A page waits three times at most: for the connection that it had, then for two new ones
# (settings: one retry, and kombu tries to connect twice for it). That stays under two seconds.
PATIENCE = 0.5
# The worker's waiting reads end on the server after one second (kombu's brpop_timeout), before this.
POLL_SECONDS = 0.1


def transport_options(url: str, var_dir: Path) -> dict[str, object]:
    scheme = urlsplit(url).scheme
    if scheme == "folder":
        return {"folder": str(var_dir / "broker"), "polling_interval": POLL_SECONDS}
    if scheme.startswith(("redis", "sentinel")):
        return {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "socket_keepalive": True}
    if scheme.startswith(("amqp", "pyamqp")):
        return {"read_timeout": PATIENCE, "write_timeout": PATIENCE}
    return {}


def queues(*names: str) -> list[Queue]:
    """Each with an exchange of its own, as Celery makes them by itself when it knows of one queue only."""
    return [Queue(name, Exchange(name), routing_key=name) for name in names]
