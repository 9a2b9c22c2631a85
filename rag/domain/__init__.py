"""The nouns of serving. Frozen, vendor-free; every datetime is aware."""

from rag.domain.access import AuditEntry, Key, Principal, Role
from rag.domain.answers import Citation, Ending, Evidence, Hit, Message, Prompt, Said
from rag.domain.documents import (
    Change,
    ChangeKind,
    Document,
    Ingestion,
    IngestionStatus,
    Locator,
    Passage,
    Reading,
)
from rag.domain.filters import MEASURES, Condition, Measure, Range, equal_to, fits, range_of
from rag.domain.identity import DEFAULT_TENANT, digest_of, new_id, sha256_text, utcnow
from rag.domain.log import Feedback, Interaction, InteractionStatus, LabelledQuestion, LoggedHit, Purpose
from rag.domain.metadata import (
    Metadata,
    Scalar,
    Value,
    check_metadata,
    metadata_of,
    scalars,
    text_of,
    written,
)
from rag.domain.releases import Chunking, Deployment, Release, Replica, Retrieval
from rag.domain.support import Calibration, Support

__all__ = [
    "DEFAULT_TENANT",
    "MEASURES",
    "AuditEntry",
    "Calibration",
    "Change",
    "ChangeKind",
    "Chunking",
    "Citation",
    "Condition",
    "Deployment",
    "Document",
    "Ending",
    "Evidence",
    "Feedback",
    "Hit",
    "Ingestion",
    "IngestionStatus",
    "Interaction",
    "InteractionStatus",
    "Key",
    "LabelledQuestion",
    "Locator",
    "LoggedHit",
    "Measure",
    "Message",
    "Metadata",
    "Passage",
    "Principal",
    "Prompt",
    "Purpose",
    "Range",
    "Reading",
    "Release",
    "Replica",
    "Retrieval",
    "Role",
    "Said",
    "Scalar",
    "Support",
    "Value",
    "check_metadata",
    "digest_of",
    "equal_to",
    "fits",
    "metadata_of",
    "new_id",
    "range_of",
    "scalars",
    "sha256_text",
    "text_of",
    "utcnow",
    "written",
]
