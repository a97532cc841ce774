"""Redis as a broker, with a worker that goes on when Redis was away while it had its hands full.

kombu asks Redis for a task only while fewer are in hand than the worker may hold, and hears only while it asks that the line is
broken. A task that it could not tell Redis is done stays in hand (kombu 5.7.0, `QoS.ack`), so a worker whose every process was at
work when Redis ended never asks again. Celery's issues 8990 and 10205 tell of it and are closed all the same. Here what is done
is out of hand first. This module can go when `tests/faults/test_redis.py` finds that kombu's own transport does so.
"""

from kombu.transport import redis, virtual


class QoS(redis.QoS):
    def ack(self, delivery_tag: str) -> None:
        virtual.QoS.ack(self, delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        virtual.QoS.ack(self, delivery_tag)
        super().reject(delivery_tag, requeue=requeue)


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel
