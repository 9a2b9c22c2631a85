"""The sample of passages, a file for each tenant and encoder. Rebuildable: deleting it loses time, no data."""

import json
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from monitoring.domain import PassageSample
from monitoring.ports import PassageFiles
from rag.domain.identity import sha256_text

FORM = 1
"""Of the file; one of another form is made anew."""


class NumpyPassageFiles(PassageFiles):
    """`PassageFiles` in NumPy's format in one folder; processes may share it: each sees whole files only."""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`, made when it is first needed."""
        self._folder = folder

    @override
    def load(self, *, tenant: str | None, encoder: str) -> PassageSample | None:
        """Return what was saved; None where there is none, or none that can be read."""
        try:
            path = self._path(tenant, encoder)
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
                says = json.loads(held["says"].tobytes())
                if says.pop("form") != FORM or says["encoder"] != encoder:
                    return None
                return PassageSample(
                    **{**says, "ids": tuple(says["ids"]), "documents": tuple(says["documents"])},
                    vectors=held["vectors"],
                    words=held["words"],
                    bounds=held["bounds"],
                )
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
            return None

    @override
    def save(self, sample: PassageSample, *, tenant: str | None) -> None:
        """Write one in the place of what is there, at once; OSError where the folder cannot be written to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        says = {
            "form": FORM,
            "encoder": sample.encoder,
            "change": sample.change,
            "wanted": sample.wanted,
            "ids": sample.ids,
            "documents": sample.documents,
        }
        as_bytes: NDArray[np.uint8] = np.frombuffer(json.dumps(says).encode(), np.uint8)
        # A name of its own, so that another process that writes at the same time does not write into it.
        with NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as part:
            try:
                np.savez(
                    part, says=as_bytes, vectors=sample.vectors, words=sample.words, bounds=sample.bounds
                )
                part.close()
                Path(part.name).replace(self._path(tenant, sample.encoder))
            except BaseException:
                with suppress(OSError):
                    Path(part.name).unlink()
                raise

    def _path(self, tenant: str | None, encoder: str) -> Path:
        whose = "all" if tenant is None else sha256_text(tenant)[:16]
        return self._folder / f"passages-{whose}-{encoder[:16]}.npz"
