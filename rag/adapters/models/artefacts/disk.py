"""Bytes and JSON on disk, written for good before anything refers to them."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag.errors import ArtefactTampered


def check_files(folder: Path, files: Mapping[str, str], again: str) -> None:
    """Make sure that the files, relative path -> SHA-256, are what they were.

    Raises:
        ArtefactTampered: one is not; the message ends with `again`, what to do.
    """
    for name, expected in files.items():
        file = folder / name
        if not os.path.lexists(file):
            raise ArtefactTampered(f"{file} is missing. {again}")
        if file.is_symlink() or not file.is_file():
            raise ArtefactTampered(f"{file} is not a file. {again}")
        actual = sha256_file(file)
        if actual != expected:
            raise ArtefactTampered(
                f"{file} was changed or damaged: its SHA-256 is {actual}, expected {expected}. {again}"
            )


def read_json(file: Path) -> Any:
    """Return what a JSON file holds; ArtefactTampered where it is no JSON."""
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise ArtefactTampered(
            f"{file} is not readable JSON ({error}); restore it from where it came."
        ) from error


def json_bytes(value: object) -> bytes:
    """Return the bytes of JSON that `write_json` writes: the same value is always the same bytes."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False).encode()


def write_json(file: Path, value: object) -> None:
    """Write JSON so that the same value is always the same bytes, and is on disk on return."""
    write_synced(file, json_bytes(value))


def write_synced(file: Path, content: bytes | Path) -> None:
    """Write bytes, or the content of another file, and wait until they are on disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as target:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
        else:
            target.write(content)
        target.flush()
        os.fsync(target.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's list of names is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_bytes(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(file: Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
