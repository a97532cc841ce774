"""The Celery application. Web, worker and beat are separate processes everywhere."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")

app = Celery("ctac")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
