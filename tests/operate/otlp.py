"""An OpenTelemetry collector that adds up what it is posted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.loopback import Server, answers, serving


class Collector:
    """``points`` are the last values of all series: a counter is told as its sum so far."""

    def __init__(self, server: Server) -> None:
        self.server = server
        server.act = answers(b"", kind="application/x-protobuf")

    @property
    def environment(self) -> dict[str, str]:
        """What switches Airflow's metrics on."""
        return {
            "AIRFLOW__METRICS__OTEL_ON": "True",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.server.url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRIC_EXPORT_INTERVAL": "100",
        }

    @property
    def points(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        for heard in self.server.heard:
            for metric, point in _points(ExportMetricsServiceRequest.FromString(heard.body)):
                tags = tuple(sorted((each.key, each.value.string_value) for each in point.attributes))
                value = point.sum if metric.WhichOneof("data") == "exponential_histogram" else _number(point)
                found[metric.name, tags] = value
        return found

    def counted(self, name: str, **tags: str) -> float:
        return self.points.get((f"airflow.reelworks.{name}", tuple(sorted(tags.items()))), 0.0)


def _points(request: ExportMetricsServiceRequest) -> Iterator[tuple[Any, Any]]:
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in getattr(metric, metric.WhichOneof("data")).data_points:
                    yield metric, point


def _number(point: Any) -> float:
    return float(point.as_double or point.as_int)


@contextmanager
def collector() -> Iterator[Collector]:
    with serving() as server:
        yield Collector(server)
