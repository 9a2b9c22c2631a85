"""An interaction while it happens: what is known of it so far, and how long each part took."""

import time
from dataclasses import dataclass, field, replace
from datetime import datetime

from rag.domain import (
    Ending,
    Evidence,
    Hit,
    Interaction,
    InteractionStatus,
    LoggedHit,
    Prompt,
    Support,
    Unsupported,
    new_id,
    utcnow,
)
from rag.questions.finding.retrieval import Pinned, Retrieved
from rag.questions.writing.citing import Mention


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question as it arrived, and who asked it."""

    question: str
    principal: str
    tenant: str
    auxiliary: bool = False  # a chat front end's own prompt
    as_json: bool = False  # the answer is to be a JSON object
    id: str = field(default_factory=new_id)  # the interaction's
    at: datetime = field(default_factory=utcnow)


@dataclass(kw_only=True)
class Understood:
    """What a question means, as far as that is not its own words."""

    rewritten: str = ""  # what is searched for, where that is not the question
    names: tuple[str, ...] = ()  # of things asked about earlier that it leans on
    language_unknown: bool = False  # the encoder does not know its language


@dataclass(kw_only=True)
class Reply:
    """What is said so far, and by whom."""

    generator: str  # who is to answer; empty for retrieval alone
    pieces: list[str] = field(default_factory=list)
    ending: Ending = field(default_factory=Ending)
    mentions: tuple[Mention, ...] = ()
    abstained: bool = False
    statements: int = 0  # sentences that were checked
    unsupported: tuple[Unsupported, ...] = ()

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.pieces)


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What the hits say, and whether that may answer."""

    evidence: Evidence
    support: Support


@dataclass(kw_only=True)
class Clock:
    """How long each part took, in milliseconds; 0 where it has not ended or took no time."""

    began: float = field(default_factory=time.perf_counter)  # seconds, as `time.perf_counter` gives them
    rewrite_ms: float = 0.0
    retrieve_ms: float = 0.0
    generate_ms: float = 0.0
    first_token_ms: float = 0.0  # from the question's arrival

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the question arrived."""
        return since(self.began)


@dataclass(kw_only=True)
class Draft:
    """What becomes an `Interaction`."""

    asked: Asked
    pinned: Pinned
    reply: Reply
    clock: Clock = field(default_factory=Clock)
    understood: Understood = field(default_factory=Understood)
    retrieved: Retrieved = field(default_factory=lambda: Retrieved(hits=()))
    read: Read | None = None  # None: only passages were asked for
    prompt: Prompt | None = None  # what the generator gets; None where it is not asked
    logged: bool = False

    @property
    def searched(self) -> str:
        """What passages are searched for."""
        return self.understood.rewritten or self.asked.question

    @property
    def hits(self) -> tuple[Hit, ...]:
        """What was found."""
        return self.retrieved.hits

    def say(self, text: str) -> str:
        """Add a piece to the answer, and return it."""
        if not self.reply.pieces:
            self.clock.first_token_ms = self.clock.elapsed_ms
        self.reply.pieces.append(text)
        return text

    @property
    def counted(self) -> bool:
        """Whether all tokens are counted, or there are none to count."""
        told = self.reply.ending
        return self.prompt is None or None not in (told.prompt_tokens, told.completion_tokens)

    def count(self) -> None:
        """Count the tokens that the generator did not tell, the encoder's way; takes milliseconds."""
        told = self.reply.ending
        prompt = self.prompt.messages if self.prompt else ()
        *prompts, completion = self.pinned.encoder.count_tokens(
            [*(each.content for each in prompt), self.reply.text]
        )
        self.reply.ending = replace(
            told,
            prompt_tokens=sum(prompts) if told.prompt_tokens is None else told.prompt_tokens,
            completion_tokens=completion if told.completion_tokens is None else told.completion_tokens,
        )

    def timings(self) -> dict[str, float]:
        """Return the milliseconds of each part that has ended; parts that took no time are left out."""
        parts = {
            "rewrite": self.clock.rewrite_ms,
            "embed": self.retrieved.embed_ms,
            "search": self.retrieved.search_ms,
            "retrieve": self.clock.retrieve_ms,
            "generate": self.clock.generate_ms,
            "total": self.clock.elapsed_ms,
        }
        return {name: value for name, value in parts.items() if value}

    def interaction(self, status: InteractionStatus, error: str) -> Interaction:
        """Return what is logged."""
        asked, reply, clock = self.asked, self.reply, self.clock
        return Interaction(
            id=asked.id,
            tenant=asked.tenant,
            principal=asked.principal,
            asked_at=asked.at,
            question=asked.question,
            hits=tuple(
                LoggedHit(
                    passage_id=hit.passage.id,
                    document_id=hit.passage.document_id,
                    rank=hit.rank,
                    score=hit.score,
                )
                for hit in self.hits
            ),
            answer=reply.text,
            cited=tuple(dict.fromkeys(each.passage.id for each in reply.mentions)),
            release=self.pinned.release.digest,
            epoch=self.pinned.epoch,
            generator=reply.generator,
            status=status,
            error=error,
            rewritten=self.understood.rewritten,
            auxiliary=asked.auxiliary,
            support=self.read.support.probability if self.read else None,
            statements=reply.statements,
            unsupported=len(reply.unsupported),
            language_unknown=self.understood.language_unknown,
            degraded=reply.ending.degraded,
            prompt_tokens=reply.ending.prompt_tokens or 0,
            completion_tokens=reply.ending.completion_tokens or 0,
            embed_ms=self.retrieved.embed_ms,
            search_ms=self.retrieved.search_ms,
            first_token_ms=clock.first_token_ms,
            retrieve_ms=clock.retrieve_ms,
            generate_ms=clock.generate_ms,
            total_ms=clock.elapsed_ms,
        )


def since(began: float) -> float:
    """Return the milliseconds since `began`, as `time.perf_counter` gave it."""
    return (time.perf_counter() - began) * 1_000
