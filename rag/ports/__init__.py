"""What serving needs from the outside, as Protocols. Adapters fulfil them; steps see nothing else."""

from rag.ports.access import AuditLog, KeyStore
from rag.ports.answers import Generator, Rewriter
from rag.ports.census import Census
from rag.ports.documents import (
    DocumentState,
    DocumentStore,
    IngestionStore,
    PassageMaker,
    ReadingStore,
    Splitter,
    WebPage,
    WebPages,
)
from rag.ports.encoders import (
    EmbeddingCache,
    Encoder,
    EncoderStore,
    ModelStore,
    Reranker,
    RerankerStore,
    Vectors,
)
from rag.ports.indexes import Found, IndexCursors, IndexStore, PassageIndex, Where
from rag.ports.log import FeedbackStore, InteractionLog, InteractionStore, QuestionStore
from rag.ports.probes import ProbeStore
from rag.ports.progress import Progress
from rag.ports.releases import Lease, Leases, Permit, ReleaseStore, ReplicaStore

__all__ = [
    "AuditLog",
    "Census",
    "DocumentState",
    "DocumentStore",
    "EmbeddingCache",
    "Encoder",
    "EncoderStore",
    "FeedbackStore",
    "Found",
    "Generator",
    "IndexCursors",
    "IndexStore",
    "IngestionStore",
    "InteractionLog",
    "InteractionStore",
    "KeyStore",
    "Lease",
    "Leases",
    "ModelStore",
    "PassageIndex",
    "PassageMaker",
    "Permit",
    "ProbeStore",
    "Progress",
    "QuestionStore",
    "ReadingStore",
    "ReleaseStore",
    "ReplicaStore",
    "Reranker",
    "RerankerStore",
    "Rewriter",
    "Splitter",
    "Vectors",
    "WebPage",
    "WebPages",
    "Where",
]
