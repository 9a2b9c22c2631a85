"""Every setting of serving: one frozen object, read once, in a bootstrap."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.domain import Chunking, Retrieval


class Settings(BaseSettings):
    """Settings of serving, from the environment (prefix ``WHETSTONE_``) or a ``.env`` file."""

    model_config = SettingsConfigDict(
        env_prefix="WHETSTONE_", env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    home: Path = Field(
        Path("var"), description="Folder of all embedded state; deleting it is a factory reset."
    )
    tenant: str = Field("default", description="Tenant of the documents and questions.")

    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL, e.g. postgresql+psycopg://...; unset: SQLite in the home folder."
    )

    qdrant_url: str | None = Field(
        None, description="Qdrant server (1.19 or newer); unset: Qdrant in process."
    )
    qdrant_api_key: SecretStr | None = Field(None, description="Key of the Qdrant server.")
    qdrant_timeout_s: Annotated[float, Field(gt=0)] = Field(30.0, description="Limit of one Qdrant call, s.")

    encoder: str = Field(
        "minilm",
        description="Encoder of the first release: minilm, static, a folder, or a hub id.",
    )
    encode_batch: Annotated[int, Field(ge=1, le=4096)] = Field(32, description="Texts in one encoder batch.")

    chunk_tokens: Annotated[int, Field(ge=32, le=4096)] = Field(
        220, description="Longest passage, in tokens; fixed once documents are ingested."
    )
    chunk_overlap: Annotated[int, Field(ge=0, le=1024)] = Field(
        30, description="Tokens that neighbouring passages share; fixed once documents are ingested."
    )
    top_k: Annotated[int, Field(ge=1, le=50)] = Field(
        5, description="Passages an answer may rely on (first release)."
    )
    threshold: Annotated[float, Field(ge=-1, le=1)] = Field(
        0.35, description="Cosine of the best passage below which the documents do not say (first release)."
    )

    max_question_chars: Annotated[int, Field(ge=1)] = Field(
        8_000, description="Longest question, characters."
    )
    max_body_bytes: Annotated[int, Field(ge=1024)] = Field(
        2_000_000, description="Largest request body, bytes."
    )
    max_file_bytes: Annotated[int, Field(ge=1024)] = Field(
        50_000_000, description="Largest file ingested, bytes."
    )

    llm_base_url: str | None = Field(
        None,
        description="OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1; unset: extractive answers.",
    )
    llm_api_key: SecretStr | None = Field(None, description="Key of that endpoint.")
    llm_model: str = Field("gpt-4o-mini", description="Model asked for there.")
    llm_connect_timeout_s: Annotated[float, Field(gt=0)] = Field(5.0, description="Limit of connecting, s.")
    llm_timeout_s: Annotated[float, Field(gt=0)] = Field(
        60.0, description="Limit between two pieces of an answer, s."
    )
    llm_max_tokens: Annotated[int, Field(ge=1)] = Field(800, description="Longest answer, tokens.")

    host: str = Field(
        "127.0.0.1", description="Address to listen on; without an API key only loopback is accepted."
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8321, description="Port to listen on.")
    public_url: str | None = Field(
        None, description="Base of the source links in answers; unset: host and port."
    )
    api_key: SecretStr | None = Field(
        None, description="Key that callers must send as a bearer token, 16 characters or more."
    )

    poll_interval_s: Annotated[float, Field(gt=0, le=60)] = Field(
        0.5, description="How often the service looks for a new deployment and for document changes, s."
    )
    rollback_window_h: Annotated[float, Field(ge=0)] = Field(
        72.0, description="How long a replaced release is kept ready for a way back, hours."
    )

    approval_secret: SecretStr | None = Field(
        None,
        description="Key that signs approvals; unset: one is made in the home folder.",
    )
    approval_ttl_h: Annotated[float, Field(gt=0)] = Field(
        72.0, description="How long an approval holds, hours."
    )

    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @property
    def chunking(self) -> Chunking:
        """The chunking documents are ingested with."""
        return Chunking(max_tokens=self.chunk_tokens, overlap_tokens=self.chunk_overlap)

    @property
    def retrieval(self) -> Retrieval:
        """The retrieval of the first release."""
        return Retrieval(top_k=self.top_k, threshold=self.threshold)
