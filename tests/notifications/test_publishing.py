"""What a web worker puts on the queue, held against what Celery itself would write."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ctac.celery import app
from ctac.logs import request_reference
from ctac.publishing import REFERENCE, message, send_task


def test_it_is_the_message_that_celery_would_write() -> None:
    ours, properties, body = message("notifications.tasks.deliver", [[3, 5]], {"a": 1}, expires=None)
    theirs = app.amqp.as_task_v2(
        ours["id"], "notifications.tasks.deliver", [[3, 5]], {"a": 1}, origin=ours["origin"], argsrepr="", kwargsrepr="",
        ignore_result=True,
    )  # fmt: skip
    # Celery writes for itself what is said only of some: what we leave out, a worker reads as nothing.
    assert ours == {**theirs.headers, "argsrepr": "", "kwargsrepr": "", REFERENCE: request_reference.get()}
    assert (properties, body) == (theirs.properties, theirs.body)


def test_it_ends_when_celery_would_end_it() -> None:
    before = datetime.now(UTC)
    ends = datetime.fromisoformat(message("ctac.tasks.tick", [], {}, expires=55)[0]["expires"])
    assert before + timedelta(seconds=55) <= ends <= datetime.now(UTC) + timedelta(seconds=55)


def test_what_it_is_given_stands_nowhere_but_in_the_body() -> None:
    headers, properties, _body = message("ctac.tasks.tick", ["a@nhs.net"], {"to": "a@nhs.net"}, expires=None)
    assert "a@nhs.net" not in str((headers, properties))


def test_it_carries_the_reference_of_its_request() -> None:
    token = request_reference.set("7Q4M2F")
    try:
        assert message("ctac.tasks.tick", [], {}, expires=None)[0][REFERENCE] == "7Q4M2F"
    finally:
        request_reference.reset(token)


def first_in(name: str) -> list[int]:
    """What the task asks for that a worker of this queue would take next."""
    [wanted] = [each for each in app.conf.task_queues if each.name == name]
    with app.connection_for_read() as connection, connection.SimpleQueue(wanted) as queue:
        message = queue.get_nowait()
        message.ack()
        ids: list[int] = message.decode()[0][0]
        return ids


def test_each_queue_gets_its_own(queued: Callable[[], list[list[int]]]) -> None:
    send_task("notifications.tasks.deliver", [[7]], queue="ctac-now")
    send_task("notifications.tasks.deliver", [[8]])
    assert (first_in("ctac-now"), first_in("ctac")) == ([7], [8])
    assert queued() == []


def test_a_queue_that_is_not_ours_is_refused() -> None:
    with pytest.raises(KeyError, match="another"):
        send_task("ctac.tasks.tick", queue="another")
