"""Metrics for Prometheus. An observer of questions and requests; gauges are read when they are asked for."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from typing_extensions import override

from rag.domain import Interaction, InteractionStatus
from rag.running.gauges import Gauges
from rag.running.observing import Observer

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics(Observer):
    """Counts and times what the service does, in a registry of its own."""

    def __init__(self, gauges: Gauges = dict) -> None:
        """Start from zero; `gauges` is asked at every scrape and must not wait for anything."""
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._registry = CollectorRegistry()
        self._questions = Counter(
            "whetstone_questions",
            "Questions, by how they ended, who answered, and what kind they were.",
            ("status", "generator", "auxiliary", "degraded"),
            registry=self._registry,
        )
        self._stages = Histogram(
            "whetstone_question_seconds",
            "Time of a question's stages.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._tokens = Counter(
            "whetstone_tokens",
            "Tokens sent to and received from the generator.",
            ("direction",),
            registry=self._registry,
        )
        self._statements = Counter(
            "whetstone_answer_statements",
            "Sentences of written answers that were checked against the passages they cite.",
            ("release",),
            registry=self._registry,
        )
        self._unsupported = Counter(
            "whetstone_answer_statements_unsupported",
            "Sentences of written answers that the passages they cite do not bear out.",
            ("release",),
            registry=self._registry,
        )
        self._nearest = Histogram(
            "whetstone_nearest_score",
            "Cosine of each question's nearest passage.",
            buckets=tuple(round(0.05 * step, 2) for step in range(1, 20)),
            registry=self._registry,
        )
        self._support = Histogram(
            "whetstone_support",
            "Probability that the passages found answer the question, by release.",
            ("release",),
            buckets=tuple(round(0.05 * step, 2) for step in range(1, 20)),
            registry=self._registry,
        )
        self._unknown = Counter(
            "whetstone_questions_language_unknown",
            "Questions in a language that the encoder does not know.",
            registry=self._registry,
        )
        self._requests = Histogram(
            "whetstone_http_request_seconds",
            "HTTP requests, until the last byte.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.add(gauges)

    def add(self, gauges: Gauges) -> None:
        """Show further gauges, of other names, at every scrape; asking for them must not fail."""
        self._registry.register(_Gauges(gauges))

    @override
    def interaction(self, interaction: Interaction) -> None:
        self._questions.labels(
            status=interaction.status.value,
            generator=interaction.generator or "none",
            auxiliary=str(interaction.auxiliary).lower(),
            degraded=str(interaction.degraded).lower(),
        ).inc()
        stages = {
            "embed": interaction.embed_ms,
            "search": interaction.search_ms,
            "retrieve": interaction.retrieve_ms,
            "first_token": interaction.first_token_ms,
            "generate": interaction.generate_ms,
            "total": interaction.total_ms,
        }
        for stage, milliseconds in stages.items():
            if milliseconds:
                self._stages.labels(stage=stage).observe(milliseconds / 1_000)
        self._tokens.labels(direction="prompt").inc(interaction.prompt_tokens)
        self._tokens.labels(direction="completion").inc(interaction.completion_tokens)
        if interaction.statements:
            self._statements.labels(release=interaction.release).inc(interaction.statements)
            self._unsupported.labels(release=interaction.release).inc(interaction.unsupported)
        if interaction.language_unknown:
            self._unknown.inc()
        if interaction.support is not None:
            self._support.labels(release=interaction.release[:16]).observe(interaction.support)
        # A question that failed on the way says nothing about how near the documents are.
        told = interaction.status not in (InteractionStatus.FAILED, InteractionStatus.CANCELLED)
        if told and not interaction.auxiliary and interaction.hits:
            self._nearest.observe(max(hit.score for hit in interaction.hits))

    @override
    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method=method, route=route or "none", status=str(status)).observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)


class _Gauges:
    """Reads the gauges when Prometheus asks."""

    def __init__(self, read: Gauges) -> None:
        self._read = read

    def describe(self) -> "Iterable[GaugeMetricFamily]":
        # Without this the registry would read the gauges once while the service is still being made.
        return ()

    def collect(self) -> "Iterable[GaugeMetricFamily]":
        from prometheus_client.core import GaugeMetricFamily

        for name, (meaning, values) in self._read().items():
            labels = [label for label, _ in next(iter(values), ())]
            family = GaugeMetricFamily(f"whetstone_{name}", meaning, labels=labels)
            for key, value in values.items():
                family.add_metric([text for _, text in key], value)
            yield family
