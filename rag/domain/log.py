"""What people asked, and what they and others said of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

OLD_CHORE = "### Task:"
"""How a chat front end's own prompts begin in rows from before these were marked as auxiliary when logged."""


class InteractionStatus(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    ABSTAINED = "abstained"  # the documents do not say
    RETRIEVED = "retrieved"  # only passages were asked for
    FAILED = "failed"
    CANCELLED = "cancelled"  # the client went away


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedHit:
    """What is kept of a hit."""

    passage_id: str
    document_id: str
    rank: int  # 1 is the best
    score: float  # cosine


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """One logged question."""

    id: str
    tenant: str
    principal: str  # who asked: a key's id, or "local"
    asked_at: datetime
    question: str
    hits: tuple[LoggedHit, ...]
    answer: str
    cited: tuple[str, ...]  # passage ids, in the order of their numbers in the answer
    release: str  # digest
    epoch: int
    generator: str  # which one wrote the answer; empty for retrieval alone
    status: InteractionStatus
    error: str = ""  # class and message where it failed
    rewritten: str = ""  # the question as it was searched for, where that is not the question as it was asked
    auxiliary: bool = False  # a chat front end's own prompt (title, tags, follow-ups), nobody's question
    support: float | None = None  # how likely the hits answer it, 0 to 1; None: it was not judged
    statements: int = 0  # sentences of a written answer that were checked against what they cite
    unsupported: int = 0  # of them, those that the passages cited do not bear out
    language_unknown: bool = False  # the encoder does not know the question's language
    degraded: bool = False  # the language model was out of order, so that the extractive generator answered
    prompt_tokens: int = 0
    completion_tokens: int = 0
    embed_ms: float = 0.0  # milliseconds; part of retrieve_ms
    search_ms: float = 0.0  # part of retrieve_ms
    first_token_ms: float = 0.0  # from the question's arrival to the answer's first piece; 0: there was none
    retrieve_ms: float = 0.0
    generate_ms: float = 0.0
    total_ms: float = 0.0

    @property
    def searched(self) -> str:
        """The question as it was searched for: a follow-up on its own would be about nothing."""
        return self.rewritten or self.question

    @property
    def text_key(self) -> str:
        """Identify the text as it was searched for, case and blanks aside; empty where nobody asked anything."""
        return "" if self.auxiliary else text_key(self.searched)


def text_key(text: str) -> str:
    """Return what texts that differ by case and blanks alone have in common: 16 hex digits.

    Empty for a blank text and for a chat front end's own prompt of before these were marked. Of a million texts two
    fall together with a chance of 3 in 100 million.
    """
    words = " ".join(text.casefold().split())
    if not words or words.startswith(OLD_CHORE.casefold()):
        return ""
    return sha256(words.encode(errors="replace")).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Feedback:
    """A person's judgement on an interaction."""

    id: str
    interaction_id: str
    tenant: str
    principal: str
    given_at: datetime
    rating: int | None = None  # 1 good, -1 bad
    clicked_passage: str | None = None  # passage id that was opened
    corrected_passage: str | None = None  # passage id that would have been right
    comment: str = ""


class Purpose(StrEnum):
    """What a labelled question may be used for."""

    TRAIN = "train"
    DEV = "dev"  # choosing a checkpoint, and the gate; never trained on
    GOLDEN = "golden"  # watched for recall drift; never trained on, never in the gate

    @property
    def held_back(self) -> int:
        """How far a question is held back for it, from 0; what comes later never lowers that."""
        return list(Purpose).index(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledQuestion:
    """A question a person wrote, with the documents that answer it."""

    id: str  # UUIDv5 of tenant and text
    tenant: str
    text: str
    documents: frozenset[str]  # ids of the documents that answer it
    purpose: Purpose
    source: str = ""  # where it was imported from

    @classmethod
    def create(
        cls, *, tenant: str, text: str, documents: frozenset[str], purpose: Purpose, source: str = ""
    ) -> "LabelledQuestion":
        """Make a labelled question, deriving its id."""
        key = f"whetstone:question:{tenant}:{text}"
        return cls(
            id=str(uuid5(NAMESPACE_URL, key)),
            tenant=tenant,
            text=text,
            documents=documents,
            purpose=purpose,
            source=source,
        )
