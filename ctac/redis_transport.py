"""Redis as a broker, with a worker that goes on when Redis was away while it had its hands full.

kombu asks Redis for a task only while fewer are in hand than the worker may hold, and hears only while it asks that the line is
broken. Where Redis ended with a task in each hand, kombu could not say that they are done and kept them in hand, so it never
asked again: the worker lived, idle, and took nothing until its watchdog ended it. Here what is done is out of hand, whether
Redis heard so or not; then the next question meets the broken line, and Celery connects anew. What Redis did not hear, and
still knows, it hands out once more after its visibility timeout: each task may run twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from kombu.transport import redis, virtual


class QoS(redis.QoS):
    def ack(self, delivery_tag: str) -> None:
        with self._out_of_hand(delivery_tag):
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        with self._out_of_hand(delivery_tag):
            super().reject(delivery_tag, requeue=requeue)

    @contextmanager
    def _out_of_hand(self, delivery_tag: str) -> Iterator[None]:
        try:
            yield
        except self.channel.connection_errors:
            virtual.QoS.ack(self, delivery_tag)
            raise


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel
