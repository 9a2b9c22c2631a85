"""What may be wrong, and what would help."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why retrieval got worse, or is about to."""

    DOCUMENTS_MISSING = "documents_missing"  # new questions, far from every passage even for words
    NOT_FOUND = (
        "not_found"  # the documents are there; a stronger search or words find them, the encoder does not
    )
    ASKED_OTHERWISE = "asked_otherwise"  # the same topics as keywords, longer, or in another language
    DOCUMENTS_CHANGED = "documents_changed"  # what golden questions ask for was changed or is gone
    INDEX_BROKEN = "index_broken"  # it does not hold what the documents say
    ENCODER_BROKEN = "encoder_broken"  # it embeds known texts otherwise than it did
    RELEASE_WORSE = "release_worse"  # what was found before the last promotion is not found since
    OLD_TOPIC = "old_topic"  # a topic that was asked before, and went, is asked again
    UNKNOWN = "unknown"  # something changed, and nothing tells what


class Remedy(StrEnum):
    """What would help."""

    WRITE_DOCUMENTS = "write_documents"
    RETRAIN = "retrain"
    READ_AGAIN = "read_again"  # the documents
    REBUILD_INDEX = "rebuild_index"
    REPLACE_ENCODER = "replace_encoder"
    ROLL_BACK = "roll_back"
    WAIT = "wait"
    LOOK = "look"  # a person has to


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """Questions that are about one thing."""

    words: tuple[str, ...]  # that tell them from the questions before, the most telling first
    share: float  # of the questions that carry the evidence
    count: int  # questions
    examples: tuple[str, ...]  # ids of the interactions nearest to the middle
    interactions: tuple[str, ...]  # ids of all
    refused: float | None = None  # share of them that got no answer; None: none was to be answered
    bad: float | None = None  # share of bad ratings among those rated
    nearest: tuple[str, ...] = ()  # ids of the documents nearest to them


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """One cause, how sure it is, and what would help."""

    cause: Cause
    remedy: Remedy
    sureness: float  # 0 to 1
    reason: str  # why this cause, a sentence with its figures
    action: str  # what to do, a sentence
    topics: tuple[Topic, ...] = ()  # where, the largest first
    terse: bool = False  # the questions are a few words, as typed into a search box
