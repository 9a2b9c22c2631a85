"""What questions are answered with, and which of them is live."""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from rag.domain.identity import digest_of, utcnow
from rag.domain.support import Calibration


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunking:
    """How documents become passages."""

    max_tokens: int = 220  # tokens (tiktoken's); leaves MiniLM's 256 word pieces room for the title
    overlap_tokens: int = 30  # tokens shared by neighbours

    @property
    def digest(self) -> str:
        """Identify the setting."""
        return digest_of(asdict(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieval:
    """How passages are found, what of them the generator sees, and when the service keeps silent."""

    top_k: int = 5  # passages given to the generator
    threshold: float = 0.1  # support, a probability, below which the documents do not say; 0: never
    dense_weight: float = 0.8  # 1: by vectors alone, 0: by words (BM25) alone, between: both, fused
    context_weight: float = 0.3  # share of its document's vector in a passage's vector; 0: the passage alone
    neighbours: int = 0  # passages before and after each hit that the generator sees with it
    context_tokens: int = 3_000  # budget of all passages in the prompt, tokens
    language: str = "english"  # of the stemmer that words are reduced with (Snowball's name), or "none"
    bm25_k1: float = 1.5  # saturation of a word's count in a passage
    bm25_b: float = 0.75  # how much a passage's length counts
    bm25_length: float = 120.0  # words of a passage of ordinary length
    reranker: str | None = None  # digest of a cross-encoder that orders the best candidates anew
    rerank_depth: int = 20  # candidates it reads


_ASKED_WITH = frozenset(
    {"top_k", "threshold", "dense_weight", "neighbours", "context_tokens", "reranker", "rerank_depth"}
)
"""Fields of `Retrieval` that say how an index is asked, and nothing of what is written to it. Whether there are words
in it, `dense_weight` below 1, is looked at apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """What a question is answered with, and what is evaluated. Immutable."""

    digest: str  # SHA-256 of all that follows but the time
    encoder: str  # the encoder's digest
    chunking: Chunking
    retrieval: Retrieval
    dimension: int  # of a vector
    distance: str  # "cosine"
    adapts: str | None = (
        None  # digest of the encoder whose passages' vectors it has; None: of its own encoder's
    )
    shares: str | None = None  # digest of the release whose index it searches; None: it has its own
    support: Calibration | None = None  # how support is estimated; None: as it is for any documents
    created_at: datetime = field(default_factory=utcnow)

    @classmethod
    def create(
        cls,
        *,
        encoder: str,
        dimension: int,
        chunking: Chunking,
        retrieval: Retrieval,
        passages: str | None = None,
        beside: "Release | None" = None,
    ) -> "Release":
        """Make a release, deriving its digest.

        `passages` is the digest of the encoder that gives the passages' vectors (`Encoder.passages_digest`); None: the
        same. Another one is that which a query-side adapter was trained on; its release is made for the one `beside`,
        whose index it shares where both would hold the same.
        """
        made = cls(
            digest="",
            encoder=encoder,
            dimension=dimension,
            distance="cosine",
            adapts=passages if passages != encoder else None,
            chunking=chunking,
            retrieval=retrieval,
        )
        if made.adapts and beside and made._may_share(beside):
            made = replace(made, shares=beside.shares or beside.digest)
        return made._sealed()

    def retrieving(self, retrieval: Retrieval) -> "Release":
        """Return the release with another retrieval; of an index that would hold something else it makes its own."""
        made = replace(self, retrieval=retrieval, created_at=utcnow())
        return (made if made._may_share(self) else replace(made, shares=None))._sealed()

    def calibrated(self, support: Calibration | None) -> "Release":
        """Return the release with another calibration, over the same index."""
        shares = self.shares or (self.digest if support != self.support else None)
        return replace(self, support=support, shares=shares, created_at=utcnow())._sealed()

    def answering_from(self, threshold: float) -> "Release":
        """Return the release with another threshold, over the same index; itself where it has that one."""
        retrieval = replace(self.retrieval, threshold=threshold)
        if retrieval == self.retrieval:
            return self
        shares = self.shares or self.digest
        return replace(self, retrieval=retrieval, shares=shares, created_at=utcnow())._sealed()

    def is_as(self, other: "Release") -> bool:
        """Tell whether they differ by their calibrations alone, or not at all."""
        return self.uncalibrated == other.uncalibrated

    def holds(self, other: "Release") -> bool:
        """Tell whether its index holds all that the other's would, so that it can be asked instead.

        An index with words holds what one without them does; all else that is written has to be the same, and the
        passages' vectors those of one encoder.
        """
        words = self.retrieval.dense_weight < 1 or other.retrieval.dense_weight >= 1
        return words and self._written() == other._written()

    def _may_share(self, other: "Release") -> bool:
        # Both ways: whichever of them is live writes to the index, and has to write all that the other one needs.
        return self.holds(other) and other.holds(self)

    def _written(self) -> dict[str, Any]:
        # What is not known to leave the index alone counts as part of it: a new field then costs time, never truth.
        written = {name: value for name, value in asdict(self.retrieval).items() if name not in _ASKED_WITH}
        return written | {
            "passages": self.passages,
            "dimension": self.dimension,
            "distance": self.distance,
            "chunking": self.chunking,
        }

    def _sealed(self) -> "Release":
        content = self._content()
        content |= {"shares": self.shares} if self.shares else {}
        content |= {"support": asdict(self.support)} if self.support else {}
        return replace(self, digest=digest_of(content))

    def _content(self) -> dict[str, Any]:
        content = {
            "encoder": self.encoder,
            "dimension": self.dimension,
            "distance": self.distance,
            "chunking": asdict(self.chunking),
            "retrieval": asdict(self.retrieval),
        }
        # Left out where there is none, so that releases made before there were adapters keep their digests.
        return content | ({"adapts": self.adapts} if self.adapts else {})

    @property
    def uncalibrated(self) -> str:
        """Identify all of it but its calibration: the same for releases that differ by that alone."""
        # By its index, whose name stays: a release that was fitted shares the one of the release it was made of.
        return digest_of(self._content() | {"index": self.index_name})

    @property
    def passages(self) -> str:
        """Digest of the encoder that gives the passages' vectors: its own, or the one that its encoder adapts."""
        return self.adapts or self.encoder

    @property
    def index_name(self) -> str:
        """Name of the collection (embedded: the folder): of this release alone, or of the one it shares that with."""
        return f"whetstone-{(self.shares or self.digest)[:16]}"

    @property
    def vector_name(self) -> str:
        """Name of the vector in the index: a query by another encoder names another vector and fails."""
        return f"encoder-{self.passages[:16]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """The single truth about what serves."""

    epoch: int  # grows by one with every switch, never shrinks
    release: str  # digest of the live release
    previous: str | None = None  # digest of the one before; kept up to date for a rollback
    staged: str | None = None  # digest of the one that replicas are asked to load for a switch to come
    changed_at: datetime = field(
        default_factory=utcnow
    )  # of the last switch; staging and a renewal do not count


@dataclass(frozen=True, kw_only=True, slots=True)
class Replica:
    """One serving process and what it says of itself."""

    id: str
    heartbeat_at: datetime
    epoch: int  # the deployment epoch it answers with
    ready: frozenset[str]  # digests of the releases it has loaded, index caught up
