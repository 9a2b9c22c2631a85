"""What was made of an artefact for serving: a folder beside its weights, with a manifest of its own.

    <digest>/openvino/manifest.json     source digest, files' SHA-256, how near it comes to the original, or why not
    <digest>/openvino/model.xml, .bin   the graph with pooling; weights in float16
    <digest>/openvino/tokenizer.json    the tokeniser as the model uses it
    <digest>/openvino/reading.json      how texts become the graph's inputs

The artefact's digest does not cover it: an export can be made again from the weights, and says which it is from.
Its manifest finds damage and mix-ups.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rag.adapters.models.artefacts.disk import check_files, read_json, sha256_file, sync_folder, write_json
from rag.adapters.models.artefacts.layout import EXPORT, MANIFEST
from rag.errors import ArtefactTampered

FORMAT = 1
"""Grows when exports are made or read in another way; those of another format are made anew."""

NEAR = 0.999
"""Cosine to the original's vectors that every probe text must reach, or the export is not used."""
STEADY = 0.99995
"""Cosine that a text's vectors must reach among each other, whatever it is batched with, for bf16 to be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearness:
    """How an export did in one precision, the worst of all probe texts."""

    original: float  # against the original: cosine of vectors, or correlation of a cross-encoder's logits
    alone: float  # the same text alone and in a batch, likewise

    @property
    def good(self) -> bool:
        """Whether the export may stand in for the original."""
        return self.original >= NEAR and self.alone >= STEADY


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """What an export's manifest says, after its files were checked."""

    folder: Path
    refused: str | None  # why the model runs in torch; None: the export is there
    measured: dict[str, Nearness]  # precision -> how it did; only those that the maker's processor has

    def precision(self, *, bf16: bool) -> Literal["bf16", "f32"]:
        """Return what to compute in on a processor that has bf16 or not: bf16 only where it was measured as good."""
        return "bf16" if bf16 and "bf16" in self.measured and self.measured["bf16"].good else "f32"


def write_manifest(
    folder: Path, *, source: str, refused: str | None, measured: dict[str, Nearness], made_with: str
) -> None:
    """Seal the export in `folder`, made of the artefact `source`; on return it is on disk."""
    files = {f.name: sha256_file(f) for f in sorted(folder.iterdir()) if f.name != MANIFEST}
    write_json(
        folder / MANIFEST,
        {
            "format": FORMAT,
            "source": source,
            "made_with": made_with,
            "refused": refused,
            "measured": {precision: asdict(nearness) for precision, nearness in measured.items()},
            "files": files,
        },
    )
    sync_folder(folder)


def read_export(artefact: Path, digest: str) -> Export | None:
    """Return the export of the artefact in the folder `artefact` after checking its files; None where none is of use.

    Raises:
        ArtefactTampered: its files are not those of its manifest, or it was made of another artefact.
    """
    folder = artefact / EXPORT
    if not (folder / MANIFEST).is_file():
        return None
    again = f"Delete {folder}; it is made again from the weights."
    try:
        manifest = read_json(folder / MANIFEST)
        if manifest["format"] != FORMAT:
            return None
        files, refused, source = dict(manifest["files"]), manifest["refused"], manifest["source"]
        measured = {name: Nearness(**values) for name, values in manifest["measured"].items()}
    except (ArtefactTampered, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtefactTampered(f"{folder / MANIFEST} is not readable. {again}") from error
    if source != digest:
        raise ArtefactTampered(f"{folder} was made of the artefact {source}, not of {digest}. {again}")
    if extra := sorted({f.name for f in folder.iterdir()} - {MANIFEST, *files}):
        raise ArtefactTampered(f"{folder / extra[0]} is not part of the export. {again}")
    check_files(folder, files, again)
    return Export(folder=folder, refused=refused, measured=measured)
