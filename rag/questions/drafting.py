"""An interaction while it happens: what is known of it so far, and how long each part took."""

import time
from dataclasses import dataclass, field, replace
from datetime import datetime

from rag.domain import Ending, Hit, Interaction, InteractionStatus, LoggedHit, Prompt, new_id, utcnow
from rag.questions.quoting import Mention
from rag.questions.retrieval import Pinned, Retrieved


@dataclass(kw_only=True)
class Draft:
    """What becomes an `Interaction`."""

    question: str
    principal: str
    tenant: str
    generator: str  # who is to answer; empty for retrieval alone
    pinned: Pinned
    auxiliary: bool = False
    id: str = field(default_factory=new_id)
    asked_at: datetime = field(default_factory=utcnow)
    began: float = field(default_factory=time.perf_counter)
    rewritten: str = ""  # what is searched for, where that is not the question
    retrieved: Retrieved = field(default_factory=lambda: Retrieved(hits=()))
    prompt: Prompt | None = None  # what the generator gets; None where it is not asked
    pieces: list[str] = field(default_factory=list)
    ending: Ending = field(default_factory=Ending)
    mentions: tuple[Mention, ...] = ()
    abstained: bool = False
    rewrite_ms: float = 0.0
    retrieve_ms: float = 0.0
    generate_ms: float = 0.0
    first_token_ms: float = 0.0
    logged: bool = False

    @property
    def hits(self) -> tuple[Hit, ...]:
        """What was found."""
        return self.retrieved.hits

    @property
    def answer(self) -> str:
        """What was said so far."""
        return "".join(self.pieces)

    def say(self, text: str) -> str:
        """Add a piece to the answer; gives it back."""
        if not self.pieces:
            self.first_token_ms = self.elapsed_ms
        self.pieces.append(text)
        return text

    @property
    def counted(self) -> bool:
        """Whether all tokens are counted, or there are none to count."""
        return self.prompt is None or None not in (self.ending.prompt_tokens, self.ending.completion_tokens)

    def count(self) -> None:
        """Count the tokens that the generator did not tell, the encoder's way; takes milliseconds."""
        told = self.ending
        prompt = self.prompt.messages if self.prompt else ()
        *prompts, completion = self.pinned.encoder.count_tokens(
            [*(each.content for each in prompt), self.answer]
        )
        self.ending = replace(
            told,
            prompt_tokens=sum(prompts) if told.prompt_tokens is None else told.prompt_tokens,
            completion_tokens=completion if told.completion_tokens is None else told.completion_tokens,
        )

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the question arrived."""
        return since(self.began)

    def timings(self) -> dict[str, float]:
        """Return the milliseconds of each part that has ended; parts that took no time are left out."""
        parts = {
            "rewrite": self.rewrite_ms,
            "embed": self.retrieved.embed_ms,
            "search": self.retrieved.search_ms,
            "retrieve": self.retrieve_ms,
            "generate": self.generate_ms,
            "total": self.elapsed_ms,
        }
        return {name: value for name, value in parts.items() if value}

    def interaction(self, status: InteractionStatus, error: str) -> Interaction:
        """Return what is logged."""
        return Interaction(
            id=self.id,
            tenant=self.tenant,
            principal=self.principal,
            asked_at=self.asked_at,
            question=self.question,
            hits=tuple(
                LoggedHit(
                    passage_id=hit.passage.id,
                    document_id=hit.passage.document_id,
                    rank=hit.rank,
                    score=hit.score,
                )
                for hit in self.hits
            ),
            answer=self.answer,
            cited=tuple(dict.fromkeys(each.passage.id for each in self.mentions)),
            release=self.pinned.release.digest,
            epoch=self.pinned.epoch,
            generator=self.generator,
            status=status,
            error=error,
            rewritten=self.rewritten,
            auxiliary=self.auxiliary,
            degraded=self.ending.degraded,
            prompt_tokens=self.ending.prompt_tokens or 0,
            completion_tokens=self.ending.completion_tokens or 0,
            embed_ms=self.retrieved.embed_ms,
            search_ms=self.retrieved.search_ms,
            first_token_ms=self.first_token_ms,
            retrieve_ms=self.retrieve_ms,
            generate_ms=self.generate_ms,
            total_ms=self.elapsed_ms,
        )


def since(began: float) -> float:
    """Milliseconds since `began`, as `time.perf_counter` gave it."""
    return (time.perf_counter() - began) * 1_000
