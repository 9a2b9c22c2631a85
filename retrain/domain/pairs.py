"""What is learned from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Origin(StrEnum):
    """Where a question came from."""

    LOG = "log"  # a person asked it and said which passage is right
    LLM = "llm"  # written by a language model from the passage
    PARAPHRASE = "paraphrase"  # another wording of a question of any origin
    DOCUMENT = "document"  # a title, heading or summary line
    LABEL = "label"  # imported with its answer

    @property
    def human(self) -> bool:
        """Whether a person asked it as a question."""
        return self in (Origin.LOG, Origin.LABEL)


class Excerpt(StrEnum):
    """What of a passage's own words is taken for a question; kinds of pairs that only train."""

    FIRST_SENTENCE = "first sentence"  # most often says what the passage is about
    KEY_PHRASES = "key phrases"  # the runs of words that tell it from others
    SPAN = "span"  # any other sentence


class QuestionStyle(StrEnum):
    """How a language model is to ask."""

    NATURAL = "natural"  # a question as one would say it
    KEYWORD = "keyword"  # a few words, as typed into a search box
    SITUATION = "situation"  # what has happened to somebody, and what they want to know


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What a language model wrote in one call."""

    texts: tuple[str, ...]
    tokens: int  # of prompt and answer together
    dropped: Mapping[str, int] = field(default_factory=dict)  # what was no question: fault -> how many
    repaired: tuple[str, ...] = ()  # what had to be taken away to get at the questions


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingPair:
    """A question and a passage that answers it."""

    question: str
    passage_id: str
    document_id: str
    passage_text: str  # as it is embedded, without the question where it stood in it word for word
    origin: Origin
    parent: str = ""  # for a paraphrase, the question it was made from
    principal: str = ""  # for the log, who asked
    kind: str = (
        ""  # within its origin: what people did, which part of a document, in which style it was written
    )
    interaction: str = ""  # for the log, the interaction's id
    asked_at: datetime | None = None  # for the log
    judge: str = ""  # for the log, who said that the passage is right
    negatives: tuple[
        str, ...
    ] = ()  # texts of passages that people said do not answer it, as they are embedded
