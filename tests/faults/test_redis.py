"""A worker on Redis goes on when Redis was away while it had its hands full (ctac.transports.redis)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Exchange, Producer, Queue

from ctac.transports import folder
from tests.faults.brokers import Redis
from tests.faults.packages import missing


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if why := missing("redis"):
        pytest.skip(why)
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("end", ["ack", "reject", "requeue"])
@pytest.mark.parametrize(("transport", "is_out_of_hand"), [("redis", True), ("kombu.transport.redis:Transport", False)])
def test_what_is_done_is_out_of_hand_though_redis_never_hears_so(redis, transport, is_out_of_hand, end):
    """When kombu's own, which is the negative control, lets go of it too, ours can go."""
    options = folder.transport_options(redis.url, redis.folder)
    with Connection(redis.url, transport=transport, connect_timeout=5, transport_options=options) as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        queue = Queue("one", Exchange("one"), routing_key="one")(channel)
        queue.declare()
        Producer(channel, queue.exchange).publish({}, routing_key="one")
        message = queue.get()
        assert not channel.qos.can_consume()
        redis.stop()
        with pytest.raises(connection.connection_errors):
            getattr(message, end)()
        assert channel.qos.can_consume() == is_out_of_hand
