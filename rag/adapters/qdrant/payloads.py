"""What a point says of its passage: the passage as it is, and what filters go by."""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from rag.domain import MEASURES, Measure, Metadata, Passage, metadata_of, scalars, written

MEASURED = "measured"
"""Label of the points whose payload has their numbers and dates; those written before version 0.3 have none."""

_KEPT = ("document_id", "tenant", "position", "uri", "title", "text", "text_hash")  # of a passage, as it is


def payload_of(passage: Passage) -> dict[str, Any]:
    """Return a passage as it is stored: what it holds, its labels, and the numbers and dates of its metadata."""
    labels = {MEASURED}
    numbers: dict[str, dict[str, list[float]]] = {measure.value: {} for measure in Measure}
    for name, value in passage.metadata.items():
        for each in scalars(value):
            labels.add(label_of(name, written(each)))
            for measure, measured in MEASURES.items():
                if (number := measured(each)) is not None:
                    numbers[measure.value].setdefault(label_of(name), []).append(number)
    kept = {name: getattr(passage, name) for name in _KEPT}
    return kept | {
        "metadata": dict(passage.metadata),
        "locator": passage.locator,
        "labels": sorted(labels),
        **numbers,
    }


def passage_of(passage_id: str, payload: Mapping[str, Any]) -> Passage:
    """Return the passage that was stored."""
    kept = {name: payload[name] for name in _KEPT}
    # Collections of before know of no locators.
    return Passage(id=passage_id, metadata=metadata_in(payload), locator=payload.get("locator", ""), **kept)


def metadata_in(payload: Mapping[str, Any]) -> Metadata:
    """Return the metadata of the passage that was stored."""
    # Collections made before there was any metadata have none.
    return metadata_of(payload.get("metadata", {}))


def label_of(*name_and_value: str) -> str:
    """Write a name of metadata, or a name and a value, as one short keyword.

    All names share one payload index this way, and a name needs no escaping, whatever a document's author called it.
    """
    return blake2b(json.dumps(name_and_value).encode(), digest_size=16).hexdigest()


def field_of(name: str, measure: Measure) -> str:
    """Return where a payload has the numbers, or the dates, that a name of metadata stands for."""
    return f"{measure.value}.{label_of(name)}"
