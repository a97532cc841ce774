"""The worker's pool of processes, which goes on when one of them is killed while it waits for work.

Over a broker without an event loop (the embedded one, in files) Celery's processes share one queue of tasks, guarded by a
lock of the processes' own. A child that is killed while it holds the lock (the kernel does that when memory runs out) takes
it into the grave: the others wait for ever, and the worker stands there alive and sends nothing. Here the kernel keeps the
locks, and lets go of them when their holder dies. Over Redis and RabbitMQ each child has pipes of its own and no lock.
"""

import fcntl
import os
import tempfile
from typing import Any

from billiard import util
from billiard.pool import Pool
from celery.concurrency import prefork


class KernelLock:
    """A lock between processes (not between the threads of one) that ends with the process that holds it."""

    def __init__(self) -> None:
        handle, self.path = tempfile.mkstemp(prefix="lock-", dir=util.get_temp_dir())  # which goes when the worker ends
        self.opened = (os.getpid(), handle)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "opened": (0, -1)}

    def acquire(self) -> bool:
        fcntl.lockf(self._handle(), fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        fcntl.lockf(self._handle(), fcntl.LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _handle(self) -> int:
        """This process's own: where a child is no fork, it has inherited none."""
        process, handle = self.opened
        if process != os.getpid():
            handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            self.opened = (os.getpid(), handle)
        return handle


class SharedQueuePool(Pool):
    """Its two locks that children hold are the kernel's: who reads the next task, and who writes a result."""

    def _setup_queues(self) -> None:
        super()._setup_queues()
        self._inqueue._rlock = KernelLock()  # noqa: SLF001 - where Celery's pool looks for it
        self._outqueue._wlock = KernelLock()  # noqa: SLF001


class TaskPool(prefork.TaskPool):
    """What `CELERY_WORKER_POOL` names."""

    BlockingPool = SharedQueuePool
