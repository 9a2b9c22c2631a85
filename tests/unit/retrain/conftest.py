"""A small company to switch releases in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.promotion_world import LoadedOnce, TwoEncoders, World, adapting, perturbed

from rag.adapters.models.artefacts import EncoderFolder


@pytest.fixture(scope="session")
def two_encoders(
    encoder_store: EncoderFolder,
    static_digest: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> TwoEncoders:
    """Two real encoders that rank differently, and a third that adapts the first one's questions."""
    root = tmp_path_factory.mktemp("encoders")
    store = EncoderFolder(root)
    first = store.register(encoder_store.path(static_digest))
    second = perturbed(store, first, tmp_path_factory.mktemp("noisy") / "model")
    adapter = adapting(store, first, tmp_path_factory.mktemp("adapted") / "model")
    return TwoEncoders(root=root, store=store, first=first, second=second, adapter=adapter)


@pytest.fixture(scope="session")
def loaded_encoders(two_encoders: TwoEncoders) -> LoadedOnce:
    """The same, each loaded once a session."""
    return LoadedOnce(two_encoders.store)


@pytest.fixture
def world(tmp_path: Path, loaded_encoders: LoadedOnce) -> Iterator[World]:
    """A company with nothing in it yet."""
    made = World(home=tmp_path / "home", encoders=loaded_encoders)
    yield made
    made.close()
