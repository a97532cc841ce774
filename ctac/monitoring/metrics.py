"""/metrics, for Prometheus: the use and speed of each route, and the figures of the site.

Imported only if METRICS_TOKEN is set, which each request for the page must bear. Under gunicorn, files in /dev/shm count the
requests of all workers (deploy/gunicorn.conf.py); a new worker goes on in the files of the one that it follows.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.figures import Figure, database_figures, other_figures, ready_figure
from core.health import answer_probe
from core.logs import route_name

MULTIPROC_DIR_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # which gunicorn's file sets

# Anybody may send any method, and each value of a label stays in memory.
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
LABELS = ("route", "method", "status")
REQUESTS = Counter("ctac_http_requests", "Requests, by route, method and class of status.", LABELS)
DURATION = Histogram(
    "ctac_http_request_duration_seconds",
    "Seconds until the answer began, by route.",
    ("route",),
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class MetricsMiddleware:
    """Counts requests, and answers /metrics. Stands next to HealthMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.site = SiteCollector()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/metrics":
            return answer_probe(request, lambda: self.metrics(request))
        start = time.perf_counter()
        response = self.get_response(request)
        route, method = route_name(request), request.method if request.method in KNOWN_METHODS else "other"
        DURATION.labels(route).observe(time.perf_counter() - start)
        REQUESTS.labels(route, method, f"{response.status_code // 100}xx").inc()
        return response

    def metrics(self, request: HttpRequest) -> HttpResponse:
        if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
            return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
        registry = CollectorRegistry()
        if MULTIPROC_DIR_VARIABLE in os.environ:
            multiprocess.MultiProcessCollector(registry)
        else:
            registry.register(REQUESTS)
            registry.register(DURATION)
        registry.register(self.site)
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class SiteCollector(Collector):
    """Finds the figures of the site for each request."""

    def __init__(self) -> None:
        self.migrated = False  # once true, true for as long as this process lives

    def describe(self) -> list[Metric]:
        return []  # otherwise the registry would collect all of them when this is registered

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        try:
            found = database_figures(now, migrated=self.migrated)
            self.migrated = self.migrated or found[0].value == 1
        except (DatabaseError, InterfaceError):
            connection.close()
            found = [ready_figure(False)]
        for figure in (*found, *other_figures(now)):
            yield metric_family(figure)


def metric_family(figure: Figure) -> Metric:
    if not isinstance(figure.value, Mapping):
        return GaugeMetricFamily(figure.name, figure.help, value=figure.value)
    gauge = GaugeMetricFamily(figure.name, figure.help, labels=[figure.label])
    for label, value in figure.value.items():
        gauge.add_metric([label], value)
    return gauge
