"""What things are called: ids, digests, times."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

DEFAULT_TENANT = "default"


def utcnow() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a fresh random id (UUIDv4)."""
    return str(uuid4())


def sha256_text(text: str) -> str:
    """Return the SHA-256 of the text's UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(value: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of a JSON value written canonically (sorted keys, no blanks)."""
    return sha256_text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
