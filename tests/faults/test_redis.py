"""A worker on Redis goes on when Redis was away while it had its hands full (ctac.redis_transport)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Exchange, Producer, Queue

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
def test_what_is_done_is_out_of_hand_though_redis_never_hears_so(redis, end):
    with redis.connect() as connection:
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
        assert channel.qos.can_consume()
