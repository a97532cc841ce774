"""Redis as a broker, with a mend for workers that hang after Redis was away.

kombu asks Redis for tasks only while the worker holds fewer than it may, and notices a broken connection only when it asks. A
task that it can't acknowledge still counts as held (kombu 5.7.0, `QoS.ack`), so a worker that was fully busy when Redis went away
never asks again (Celery's issues 8990 and 10205, both closed). Here it lets go of a task before it acknowledges it. This module
can go when `tests/faults/test_redis.py` passes with kombu's own transport.
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
