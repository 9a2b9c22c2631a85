"""Asking, promoting and rolling back hold on SQLite and on PostgreSQL alike."""

import asyncio
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr
from safetensors.numpy import load_file, save_file

from rag.adapters.models.encoders import EncoderFolder
from rag.bootstrap import Service, open_serving
from rag.domain import AuditEntry, Document, InteractionStatus, Release, utcnow
from rag.errors import EpochMoved
from rag.settings import Settings

LEAVE = "Parents may take sixteen weeks of paid parental leave."


@pytest.fixture
def settings(any_url: str, tmp_path: Path, encoder_store: EncoderFolder, static_digest: str) -> Settings:
    """A home of its own over each kind of database."""
    home = tmp_path / "home"
    digest = EncoderFolder(home / "encoders").register(encoder_store.path(static_digest))
    return Settings(_env_file=None, home=home, database_url=SecretStr(any_url), encoder=digest)


def other_release(serving: Service, folder: Path) -> Release:
    """Build a release with an encoder whose space is turned about: other vectors, same neighbours."""
    live = serving.stores.releases.get(serving.stores.releases.deployment().release)  # type: ignore[union-attr]  # there is one
    copied = folder / "turned"
    shutil.copytree(serving.installation.models.encoders.path(live.encoder), copied)
    (copied / "manifest.json").unlink()
    weights = next(copied.glob("**/model.safetensors"))
    tensors = load_file(weights)
    name = max(tensors, key=lambda each: tensors[each].size)
    tensors[name] = np.ascontiguousarray(tensors[name][:, ::-1])
    save_file(tensors, weights, metadata={"format": "pt"})
    encoder = serving.installation.models.encoders.load(serving.installation.models.encoders.register(copied))
    release = Release.create(
        encoder=encoder.digest,
        dimension=encoder.dimension,
        chunking=live.chunking,
        retrieval=live.retrieval,
    )
    serving.stores.releases.add(release)
    index = serving.installation.indexes.open(release, create=True)
    serving.installation.indexing.backfill(release, encoder, index)
    index.close()
    return release


def test_asked_switched_and_rolled_back(settings: Settings, tmp_path: Path) -> None:
    """An answer is logged with its release; a switch and the way back each need the epoch they were planned for."""
    with open_serving(settings) as serving:
        serving.library.put(Document.create(uri="leave.md", title="Parental leave", text=LEAVE))
        serving.live.start(background=False)
        first = asyncio.run(serving.answerer.answer("How long is parental leave?"))

        assert LEAVE in first.interaction.answer
        assert serving.stores.interactions.get(first.interaction.id, tenant="default") == first.interaction
        assert first.interaction.status is InteractionStatus.ANSWERED

        releases = serving.stores.releases
        new, old = other_release(serving, tmp_path), releases.deployment().release  # type: ignore[union-attr]  # likewise
        for epoch, target in ((1, new.digest), (2, old)):
            releases.stage(target, expected_epoch=epoch)
            entry = AuditEntry(at=utcnow(), principal="test", action="promote", subject=target)
            assert releases.flip(target, expected_epoch=epoch, entry=entry).epoch == epoch + 1
            with pytest.raises(EpochMoved):
                releases.flip(target, expected_epoch=epoch, entry=entry)
            serving.live.poll()
            again = asyncio.run(serving.answerer.answer("How long is parental leave?"))
            assert (again.interaction.release, again.interaction.epoch) == (target, epoch + 1)
            assert LEAVE in again.interaction.answer
