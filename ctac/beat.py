"""Celery's beat, which goes on when the clock is put back.

Celery reads from the wall's clock when each task ran last. Put back by an hour, it would wait that hour before it queues anything
again: no sweep of the outbox, no alert for a visit. Here what seems to have run in the future counts as run now.
"""

import logging
from typing import Any

from celery.beat import PersistentScheduler

logger = logging.getLogger(__name__)


class Scheduler(PersistentScheduler):
    """What `CELERY_BEAT_SCHEDULER` names."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        self.forget_the_future()
        return float(super().tick(*args, **kwargs))

    def forget_the_future(self) -> None:
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > now]
        if not ahead:
            return
        logger.warning(
            "The clock was put back: %s tasks of beat seem to have run in the future; they count as run now.", len(ahead)
        )
        for entry in ahead:
            entry.last_run_at = now
        self._heap = None  # in which they lie by the time at which each is due; Celery makes it anew
