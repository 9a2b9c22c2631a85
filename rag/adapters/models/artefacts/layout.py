"""What lies where in an artefact's folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from rag.domain import digest_of

MANIFEST = "manifest.json"

CARD = "README.md"
"""A model card, for people: no part of the digest, and nothing is read from it."""

WEIGHTS = "model.safetensors"

EXPORT = "openvino"
"""Folder inside an artefact that holds what was made of it for serving; no part of its digest."""


def files_digest(files: Mapping[str, str]) -> str:
    """Return the digest of an artefact from its files: relative path -> SHA-256."""
    return digest_of({"files": sorted([name, sha] for name, sha in files.items())})


def artefact_files(folder: Path) -> Iterator[Path]:
    """Yield every file and link of an artefact's folder, without what was made of it for serving."""
    for entry in sorted(folder.rglob("*")):
        inside = entry.relative_to(folder).parts[0] == EXPORT
        if not inside and (entry.is_symlink() or not entry.is_dir()):
            yield entry
