"""Tasks for the workers, put on the queue with kombu alone, so that a web worker needs no Celery for it (ADR 77).

What is written is Celery's message protocol, version 2; `tests/notifications/test_publishing.py` holds it against what Celery
itself would write, and `tests/platform/test_web_worker.py` sees that no page needs Celery.
"""

import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from kombu import pools
from kombu.connection import Connection

from ctac.logs import request_reference

REFERENCE = "request_reference"  # the header in which a task carries the reference of the request that caused it


def send_task(
    name: str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    queue: str | None = None,
    expires: float | None = None,
) -> None:
    """Queue the task of that name, on the usual queue if none is named; it ends after `expires` seconds.

    Raises what the broker's transport raises, and KeyError for a queue that settings do not name.
    """
    headers, properties, body = message(name, list(args), dict(kwargs or {}), expires=expires)
    declared = {each.name: each for each in settings.CELERY_TASK_QUEUES}[queue or settings.CELERY_TASK_DEFAULT_QUEUE]
    with producers().acquire(block=True) as producer:
        producer.publish(
            body,
            exchange="",
            routing_key=declared.name,
            declare=[declared],
            headers=headers,
            serializer="json",
            retry=settings.CELERY_TASK_PUBLISH_RETRY,
            retry_policy=settings.CELERY_TASK_PUBLISH_RETRY_POLICY,
            **properties,
        )


def message(
    name: str, args: list[Any], kwargs: dict[str, Any], *, expires: float | None
) -> tuple[dict[str, Any], dict[str, Any], tuple[Any, ...]]:
    """Headers, properties and body as Celery's workers read them. What a task is given stands in the body alone."""
    task_id = str(uuid.uuid4())
    headers: dict[str, Any] = {
        "lang": "py",
        "task": name,
        "id": task_id,
        "root_id": task_id,
        "expires": (datetime.now(UTC) + timedelta(seconds=expires)).isoformat() if expires else None,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": "",
        "kwargsrepr": "",
        "origin": f"{os.getpid()}@{socket.gethostname()}",
        "ignore_result": settings.CELERY_TASK_IGNORE_RESULT,
        "replaced_task_nesting": 0,
        "stamps": {},
        **dict.fromkeys(("shadow", "eta", "group", "group_index", "parent_id", "stamped_headers")),
        REFERENCE: request_reference.get(),
    }
    body = (args, kwargs, dict.fromkeys(("callbacks", "errbacks", "chain", "chord")))
    return headers, {"correlation_id": task_id, "reply_to": ""}, body


@cache
def producers() -> Any:
    """Kept connections to the broker, for all threads of this process."""
    connection = Connection(
        settings.CELERY_BROKER_URL,
        transport_options=dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS),
        connect_timeout=settings.CELERY_BROKER_CONNECTION_TIMEOUT,
    )
    return pools.producers[connection]


# A child must not talk over its parent's connection.
os.register_at_fork(after_in_child=producers.cache_clear)
