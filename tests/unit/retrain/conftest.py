"""A small company to switch releases in."""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rag.adapters.models.encoders import EncoderFolder

DOUBLE = Path(__file__).parents[2] / "doubles" / "promotion_world.py"


@dataclass(frozen=True)
class TwoEncoders:
    """The static encoder, another one and a query-side adapter, in a folder of the test session."""

    root: Path
    store: EncoderFolder
    first: str  # digest
    second: str
    adapter: str  # of questions to the first


@pytest.fixture(scope="session")
def world_module() -> ModuleType:
    """The module of the double, which is no package."""
    spec = importlib.util.spec_from_file_location("doubles.promotion_world", DOUBLE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["doubles.promotion_world"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def two_encoders(
    encoder_store: EncoderFolder,
    static_digest: str,
    world_module: ModuleType,
    tmp_path_factory: pytest.TempPathFactory,
) -> TwoEncoders:
    """Two real encoders that rank differently, and a third that adapts the first one's questions."""
    root = tmp_path_factory.mktemp("encoders")
    store = EncoderFolder(root)
    first = store.register(encoder_store.path(static_digest))
    second = world_module.perturbed(store, first, tmp_path_factory.mktemp("noisy") / "model")
    adapter = world_module.adapting(store, first, tmp_path_factory.mktemp("adapted") / "model")
    return TwoEncoders(root=root, store=store, first=first, second=second, adapter=adapter)


@pytest.fixture(scope="session")
def loaded_encoders(two_encoders: TwoEncoders, world_module: ModuleType) -> Any:
    """The same, each loaded once a session."""
    return world_module.LoadedOnce(two_encoders.store)


@pytest.fixture
def world(tmp_path: Path, world_module: ModuleType, loaded_encoders: Any) -> Iterator[Any]:
    """A company with nothing in it yet."""
    made = world_module.World(home=tmp_path / "home", encoders=loaded_encoders)
    yield made
    made.close()
