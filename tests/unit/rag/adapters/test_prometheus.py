"""Metrics in Prometheus's format, read back with its own parser."""

from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from rag.adapters.prometheus import Metrics
from rag.domain import Interaction, InteractionStatus

AnInteraction = Callable[..., Interaction]


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return (name, labels) -> value of everything that is shown."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_a_question_counts_by_its_end_and_its_stages_are_timed(an_interaction: AnInteraction) -> None:
    """Status, generator, tokens and seconds are what the interaction says."""
    metrics = Metrics()
    metrics.interaction(an_interaction())
    metrics.interaction(an_interaction(status=InteractionStatus.FAILED, generate_ms=0.0, hits=()))
    read = samples(metrics)
    kind = {("generator", "openai:small"), ("auxiliary", "false"), ("degraded", "false")}
    assert read["whetstone_questions_total", frozenset({("status", "answered")} | kind)] == 1
    assert read["whetstone_questions_total", frozenset({("status", "failed")} | kind)] == 1
    assert read["whetstone_question_seconds_count", frozenset({("stage", "generate")})] == 1
    assert read["whetstone_question_seconds_sum", frozenset({("stage", "total")})] == 0.2
    assert read["whetstone_tokens_total", frozenset({("direction", "prompt")})] == 240


def test_only_peoples_questions_tell_how_near_the_documents_are(an_interaction: AnInteraction) -> None:
    """Front ends' own prompts and failed questions would blur the scores."""
    metrics = Metrics()
    metrics.interaction(an_interaction())
    metrics.interaction(an_interaction(auxiliary=True))
    metrics.interaction(an_interaction(status=InteractionStatus.CANCELLED))
    assert samples(metrics)["whetstone_nearest_score_count", frozenset()] == 1


def test_support_is_told_by_release(an_interaction: AnInteraction) -> None:
    """So that two releases can be compared; what was not judged is not in it."""
    metrics = Metrics()
    metrics.interaction(an_interaction(support=0.83, release="a" * 64))
    metrics.interaction(an_interaction(support=0.02, release="b" * 64, status=InteractionStatus.ABSTAINED))
    metrics.interaction(an_interaction(support=None, release="b" * 64))
    read = samples(metrics)
    assert read["whetstone_support_sum", frozenset({("release", "a" * 16)})] == 0.83
    assert read["whetstone_support_count", frozenset({("release", "b" * 16)})] == 1


def test_questions_in_unknown_languages_are_counted(an_interaction: AnInteraction) -> None:
    """However they ended."""
    metrics = Metrics()
    metrics.interaction(an_interaction(language_unknown=True, status=InteractionStatus.ABSTAINED))
    metrics.interaction(an_interaction(language_unknown=True))
    metrics.interaction(an_interaction())
    assert samples(metrics)["whetstone_questions_language_unknown_total", frozenset()] == 2


def test_a_request_counts_by_its_route() -> None:
    """Paths that lead nowhere share one label, or anybody could make as many as they like."""
    metrics = Metrics()
    metrics.request(method="GET", route="/v1/sources/{passage_id}", status=200, seconds=0.004)
    metrics.request(method="GET", route="", status=404, seconds=0.001)
    read = samples(metrics)
    labels = {("method", "GET"), ("status", "200"), ("route", "/v1/sources/{passage_id}")}
    assert read["whetstone_http_request_seconds_count", frozenset(labels)] == 1
    nowhere = {("method", "GET"), ("status", "404"), ("route", "none")}
    assert read["whetstone_http_request_seconds_count", frozenset(nowhere)] == 1


def test_gauges_are_read_when_they_are_asked_for() -> None:
    """A gauge shows the present, with labels and without."""
    lag = 7.0
    metrics = Metrics(
        lambda: {
            "index_lag_changes": ("Changes not applied yet.", {(): lag}),
            "release_info": ("What serves.", {(("release", "abc"), ("epoch", "3")): 1.0}),
        }
    )
    assert samples(metrics)["whetstone_index_lag_changes", frozenset()] == 7
    lag = 0.0
    read = samples(metrics)
    assert read["whetstone_index_lag_changes", frozenset()] == 0
    assert read["whetstone_release_info", frozenset({("release", "abc"), ("epoch", "3")})] == 1
