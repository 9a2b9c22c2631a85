"""Every setting of serving: one frozen object, built in flows/environment.py alone."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
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
    encoder_runtime: Literal["auto", "openvino", "torch"] = Field(
        "auto",
        description="What computes vectors: openvino (exported weights), torch, or auto: openvino where it can.",
    )
    encode_threads: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Threads of the encoder; unset: as many as the processor has cores."
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
    threshold: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1,
        description="Support, a probability, below which the answer is that the documents do not say; 0: never (first "
        "release; later: `whetstone threshold`).",
    )

    dense_weight: Annotated[float, Field(ge=0, le=1)] = Field(
        0.8,
        description="1: search by vectors alone, 0: by words alone (BM25), between: fused (first release).",
    )
    context_weight: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.3, description="Share of a document's vector in its passages' vectors (first release)."
    )
    neighbours: Annotated[int, Field(ge=0, le=5)] = Field(
        0, description="Passages around each hit that the generator sees with it (first release)."
    )
    context_tokens: Annotated[int, Field(ge=200, le=200_000)] = Field(
        3_000, description="Budget of all passages in the prompt, tokens (first release)."
    )
    language: str = Field(
        "english", description="Language of the stemmer, by Snowball's name, or none (first release)."
    )
    reranker: str | None = Field(
        None,
        description="Cross-encoder that orders the best candidates anew: a folder or a hub id (first release).",
    )
    rerank_depth: Annotated[int, Field(ge=1, le=200)] = Field(
        20, description="Candidates the cross-encoder reads (first release)."
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

    parse_timeout_s: Annotated[float, Field(gt=0)] = Field(
        120.0, description="Longest time one file may take to read, s."
    )
    parse_memory_bytes: Annotated[int, Field(ge=256_000_000)] = Field(
        2_000_000_000, description="Most memory a process that reads files may take, bytes."
    )
    ingest_processes: Annotated[int, Field(ge=1, le=256)] | None = Field(
        None,
        description="Files that `whetstone ingest` reads at once, and documents that it splits at once, each in a "
        "process of its own; unset: one for each core, 8 at most.",
    )
    ocr: bool = Field(
        False, description="Whether text in pictures, and on scanned pages of PDFs, is read (OCR)."
    )
    ocr_languages: str = Field(
        "eng", description="Languages of that text as Tesseract calls them, with + between: eng+deu."
    )
    ocr_data: Path | None = Field(
        None,
        description="Folder of Tesseract's language data; unset: where Debian and others put it.",
    )
    max_waiting_files: Annotated[int, Field(ge=1)] = Field(
        200, description="Uploaded files of one tenant that may wait to be read; beyond it they are refused."
    )
    max_waiting_bytes: Annotated[int, Field(ge=1024)] = Field(
        1_000_000_000, description="Their size together, bytes."
    )
    watch_folders: tuple[Path, ...] = Field(
        (),
        description='Folders whose edits and deletions the service follows, as JSON: ["/srv/handbook"].',
    )
    watch_interval_s: Annotated[float, Field(gt=0)] = Field(
        2.0, description="How often it looks at these folders, s."
    )
    web_pages: bool = Field(False, description="Whether web pages may be handed in by their address.")
    web_timeout_s: Annotated[float, Field(gt=0)] = Field(20.0, description="Limit of fetching one page, s.")

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
    llm_first_token_timeout_s: Annotated[float, Field(gt=0)] = Field(
        30.0, description="Limit until an answer's first piece, s."
    )
    llm_total_timeout_s: Annotated[float, Field(gt=0)] = Field(
        300.0, description="Limit of a whole answer, s."
    )
    llm_breaker_failures: Annotated[int, Field(ge=1)] = Field(
        5, description="Failures in a row after which the model is left alone and answers are extractive."
    )
    llm_breaker_pause_s: Annotated[float, Field(gt=0)] = Field(
        30.0, description="How long it is left alone before one question tries it again, s."
    )
    llm_max_tokens: Annotated[int, Field(ge=1)] = Field(800, description="Longest answer, tokens.")

    llm_judge: bool = Field(
        False,
        description="Whether the model is asked, after each answer, if its sentences follow from what they cite.",
    )

    host: str = Field(
        "127.0.0.1", description="Address to listen on; without an API key only loopback is accepted."
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8321, description="Port to listen on.")
    public_url: str | None = Field(
        None, description="Base of the source links in answers; unset: host and port."
    )
    api_key: SecretStr | None = Field(
        None,
        description="One more key, with all roles, 16 characters or more; others are made by whetstone keys create.",
    )

    key_secret: SecretStr | None = Field(
        None,
        description="Secret that API keys and source links are checked with; unset: one is made in the home folder.",
    )
    source_link_days: Annotated[float, Field(gt=0)] = Field(
        30.0, description="How long the source links in an answer open without a key, days."
    )
    requests_per_minute: Annotated[int, Field(ge=1)] = Field(
        600, description="Requests a minute of a key that has no limit of its own."
    )
    concurrent_per_key: Annotated[int, Field(ge=1)] = Field(
        32, description="Requests under way at once of a key that has no limit of its own."
    )
    max_concurrent: Annotated[int, Field(ge=1)] = Field(
        64, description="Questions under way at once, of all keys together."
    )
    max_queued: Annotated[int, Field(ge=0)] = Field(
        128, description="Questions that may wait for their turn; beyond it they are refused at once."
    )

    spool_bytes: Annotated[int, Field(ge=0)] = Field(
        64_000_000,
        description=(
            "Room for logged questions while the database is away, bytes; a sixteenth of it more for feedback."
        ),
    )

    otlp_endpoint: str | None = Field(
        None,
        description="OpenTelemetry collector, OTLP over HTTP, e.g. http://127.0.0.1:4318; unset: no traces.",
    )
    log_format: Literal["text", "json"] = Field("text", description="Form of the log's lines.")
    log_content: bool = Field(
        False, description="Whether questions, passages and answers may stand in traces and logs."
    )

    poll_interval_s: Annotated[float, Field(gt=0, le=60)] = Field(
        0.5, description="How often the service looks for a new deployment and for document changes, s."
    )
    rollback_window_h: Annotated[float, Field(ge=0)] = Field(
        72.0, description="How long a replaced release is kept ready for a way back, hours."
    )

    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("threshold", mode="before")
    @classmethod
    def _is_a_probability(cls, value: object) -> object:
        try:
            below = float(str(value)) < 0
        except ValueError:
            return value
        if below:
            raise ValueError(
                "it is a probability from 0 to 1, no longer a cosine; what was -1 (refuse nothing) is 0 now. Leave it "
                "unset where you are not sure"
            )
        return value

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value is not None and not (parts.scheme in ("http", "https") and parts.hostname):
            # Without a scheme it names no host, so nothing would show that others reach the service.
            raise ValueError("write it with its scheme, e.g. https://answers.example.com")
        return value

    @property
    def chunking(self) -> Chunking:
        """The chunking documents are ingested with."""
        return Chunking(max_tokens=self.chunk_tokens, overlap_tokens=self.chunk_overlap)

    @property
    def retrieval(self) -> Retrieval:
        """The retrieval of the first release."""
        return Retrieval(
            top_k=self.top_k,
            threshold=self.threshold,
            dense_weight=self.dense_weight,
            context_weight=self.context_weight,
            neighbours=self.neighbours,
            context_tokens=self.context_tokens,
            language=self.language,
            rerank_depth=self.rerank_depth,
        )
