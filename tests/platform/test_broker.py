"""The broker in a folder: nothing lost, nothing doubled, in order, whoever writes and reads at once."""

import subprocess
import sys
from pathlib import Path
from queue import Empty

import pytest
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

from ctac.transports import folder

from .broker_roles import connect, produce


def role(*words):
    command = [sys.executable, "-m", "tests.platform.broker_roles", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR)


def test_three_producers_and_two_consumers_lose_and_double_nothing(tmp_path):
    consumers = [role("consume", tmp_path) for _ in range(2)]
    producers = [role("produce", tmp_path, name, 1000) for name in "abc"]
    received = [line for consumer in consumers for line in consumer.communicate(timeout=60)[0].split()]
    assert [producer.communicate() for producer in producers] == [("", None)] * 3
    assert sorted(received) == sorted(f"{name}-{number}" for name in "abc" for number in range(1000))


def test_messages_come_in_the_order_in_which_they_were_put(tmp_path):
    produce(str(tmp_path), "a", 20)
    with connect(str(tmp_path)) as connection, connection.SimpleQueue("letters") as queue:
        assert [queue.get(block=False).payload for _ in range(20)] == [f"a-{number}" for number in range(20)]


def test_a_message_that_was_not_acknowledged_comes_again_after_the_connection_closes(tmp_path):
    produce(str(tmp_path), "a", 1)
    with connect(str(tmp_path)) as connection, connection.SimpleQueue("letters") as queue:
        queue.get(block=False)
    with connect(str(tmp_path)) as connection, connection.SimpleQueue("letters") as queue:
        assert queue.get(block=False).payload == "a-0"


def test_a_half_written_message_is_not_seen(tmp_path):
    produce(str(tmp_path), "a", 1)
    (tmp_path / "letters" / ".00000000000000000001-unfinished").write_text('{"bo')
    with connect(str(tmp_path)) as connection, connection.SimpleQueue("letters") as queue:
        assert queue.get(block=False).payload == "a-0"
        with pytest.raises(Empty):
            queue.get(block=False)


def test_a_folder_that_is_away_is_a_broker_that_is_away(tmp_path):
    """Celery then waits for it. As an error of any other kind it would end the worker in the middle of its tasks."""
    folder = tmp_path / "broker"
    produce(str(folder), "a", 1)
    with connect(str(folder)) as connection, connection.SimpleQueue("letters") as queue:
        folder.rename(tmp_path / "away")
        folder.write_text("not a folder")
        with pytest.raises(connection.connection_errors):
            queue.get(block=False)
        with pytest.raises(OperationalError):
            connect(str(folder)).ensure_connection(max_retries=1, interval_start=0)
        folder.unlink()
        (tmp_path / "away").rename(folder)
        assert queue.get(block=False).payload == "a-0"


def test_a_purged_queue_is_empty(tmp_path):
    produce(str(tmp_path), "a", 3)
    with connect(str(tmp_path)) as connection, connection.SimpleQueue("letters") as queue:
        assert (queue.qsize(), queue.clear(), queue.qsize()) == (3, 3, 0)


def test_the_tests_publish_to_a_folder_of_their_own():
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["folder"] == str(settings.VAR_DIR / "broker")


@pytest.mark.parametrize("url", ["redis://queue/0", "rediss://queue/0", "amqp://queue//", "pyamqp://queue//"])
def test_a_real_broker_gets_timeouts(url):
    options = folder.transport_options(url, Path("/nowhere"))
    assert {value for name, value in options.items() if "timeout" in name} == {folder.BROKER_TIMEOUT_SECONDS}


def test_an_unknown_scheme_is_left_to_kombu():
    assert folder.transport_options("sqs://", Path("/nowhere")) == {}


def test_the_transport_is_known_by_its_scheme():
    assert Connection(folder.FOLDER_BROKER_URL).transport.driver_type == "folder"
