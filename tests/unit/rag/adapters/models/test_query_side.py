"""Query-side adapters: artefacts whose questions go through a matrix and whose passages are another encoder's."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.query_side import adapted, query_matrix, write_adapter
from rag.errors import ArtefactTampered, ArtefactUnsafe

TEXTS = ["How do I reset it?", "The warranty covers parts and labour.", "Zinc is measured in µg/l."]


def matrix_of(dimension: int, *, seed: int = 3) -> NDArray[np.float32]:
    """A matrix that turns a vector by some degrees."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (dimension, dimension))
    return np.asarray(np.eye(dimension) + noise, dtype=np.float32)


def saved_adapter(store: EncoderFolder, digest: str, folder: Path) -> Path:
    """Write an adapter of an encoder."""
    folder.mkdir()
    write_adapter(store.path(digest), matrix_of(store.load(digest).dimension), folder)
    return folder


both = pytest.mark.parametrize("base", ["static", "minilm"], indirect=True)
"""Both kinds of encoders in turn: run by NumPy, and by OpenVINO."""


@pytest.fixture(params=["static"])
def base(request: pytest.FixtureRequest) -> str:
    """The encoder that is adapted."""
    digest: str = request.getfixturevalue(f"{request.param}_digest")
    return digest


@pytest.fixture
def store(encoder_store: EncoderFolder, base: str, tmp_path: Path) -> EncoderFolder:
    """A store of its own that has the encoder."""
    own = EncoderFolder(tmp_path / "encoders")
    own.adopt(encoder_store, base)
    return own


@both
def test_passages_are_the_adapted_encoders_to_the_last_bit(
    store: EncoderFolder, base: str, tmp_path: Path
) -> None:
    """Another artefact with another digest, the same passages, and questions through the matrix."""
    digest = store.register(saved_adapter(store, base, tmp_path / "saved"))

    adapter, encoder = store.load(digest), store.load(base)

    assert digest != base
    assert (digest, base) == (adapter.digest, adapter.passages_digest)
    assert (base, base) == (store.passages_digest(digest), store.passages_digest(base))
    assert store.kind(base) == store.kind(digest)
    assert np.array_equal(encoder.encode_passages(TEXTS), adapter.encode_passages(TEXTS))
    expected = adapted(encoder.encode_queries(TEXTS), matrix_of(encoder.dimension))
    assert np.array_equal(expected, adapter.encode_queries(TEXTS))
    assert (expected * encoder.encode_queries(TEXTS)).sum(axis=1).max() < 0.9
    assert encoder.count_tokens(TEXTS) == adapter.count_tokens(TEXTS)


@both
def test_sentence_transformers_loads_both_sides(store: EncoderFolder, base: str, tmp_path: Path) -> None:
    """Whoever loads the folder there gets what is served here: questions mapped, passages and plain texts not."""
    digest = store.register(saved_adapter(store, base, tmp_path / "saved"))
    adapter = store.load(digest)
    model = SentenceTransformer(str(store.path(digest)), device="cpu", local_files_only=True)

    asked, passages, plain = (
        encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
        for encode in (model.encode_query, model.encode_document, model.encode)
    )

    assert (asked * adapter.encode_queries(TEXTS)).sum(axis=1).min() > 0.999
    assert (passages * adapter.encode_passages(TEXTS)).sum(axis=1).min() > 0.999
    assert np.allclose(passages, plain, atol=1e-6)


def test_in_torch_as_anywhere(store: EncoderFolder, base: str, tmp_path: Path) -> None:
    """The runtime changes nothing but rounding."""
    digest = store.register(saved_adapter(store, base, tmp_path / "saved"))

    torch = EncoderFolder(tmp_path / "encoders", runtime="torch").load(digest)

    similar = (torch.encode_queries(TEXTS) * store.load(digest).encode_queries(TEXTS)).sum(axis=1)
    assert similar.min() > 0.999


def test_the_adapted_encoder_is_made_of_the_adapters_files(
    store: EncoderFolder, base: str, tmp_path: Path
) -> None:
    """A store that has never seen the encoder has it, by the same digest, with the adapter; also after a loss."""
    folder = saved_adapter(store, base, tmp_path / "saved")
    other = EncoderFolder(tmp_path / "other", runtime="torch")

    digest = other.register(folder)

    assert frozenset({digest, base}) == other.digests()
    other.drop(base)
    assert np.allclose(
        store.load(base).encode_passages(TEXTS), other.load(digest).encode_passages(TEXTS), atol=5e-2
    )
    assert frozenset({digest, base}) == other.digests()


def test_an_adapter_is_not_adapted_twice(store: EncoderFolder, base: str, tmp_path: Path) -> None:
    """An adapter written over an adapter has the new matrix in the old one's place."""
    first = store.register(saved_adapter(store, base, tmp_path / "first"))
    matrix = matrix_of(store.load(base).dimension, seed=4)
    (tmp_path / "second").mkdir()
    write_adapter(store.path(first), matrix, tmp_path / "second")

    second = store.register(tmp_path / "second")

    assert base == store.passages_digest(second)
    found = query_matrix(store.path(second))
    assert found is not None
    assert np.array_equal(matrix, found)
    assert query_matrix(store.path(base)) is None


def test_blank_questions_are_like_nothing() -> None:
    """A row of zeros, as a static encoder gives for a text without tokens, stays one."""
    rows = np.array([[0, 0], [3, 4]], dtype=np.float32)

    expected = np.array([[0, 0], [0.6, 0.8]], dtype=np.float32)
    assert np.array_equal(expected, adapted(rows, np.eye(2, dtype=np.float32)))


def first_of(folder: Path, name: str) -> Path:
    """The only file of that name."""
    return next(folder.glob(f"*_Router/**/{name}"))


def move_router_forward(folder: Path) -> None:
    """Put the router before the last module."""
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps([*modules[:-2], modules[-1], modules[-2]]))


def map_passages(folder: Path) -> None:
    """Send passages through the matrix as well."""
    file = first_of(folder, "router_config.json")
    config = json.loads(file.read_text())
    config["structure"]["document"] = config["structure"]["query"]
    file.write_text(json.dumps(config))


def name_other_code(folder: Path) -> None:
    """Name a class of somebody's own in a route."""
    file = first_of(folder, "router_config.json")
    file.write_text(file.read_text().replace("dense.Dense", "theirs.Module"))


def reach_outside(folder: Path) -> None:
    """Point a route at a folder outside."""
    file = first_of(folder, "router_config.json")
    file.write_text(file.read_text().replace("query_0_Dense", "../query_0_Dense"))


def ask_for_questions_by_default(folder: Path) -> None:
    """Make plain texts questions."""
    file = first_of(folder, "router_config.json")
    config = json.loads(file.read_text())
    config["parameters"]["default_route"] = "query"
    file.write_text(json.dumps(config))


def lose_the_routes(folder: Path) -> None:
    """Delete what the router says of its routes."""
    first_of(folder, "router_config.json").unlink()


@pytest.mark.parametrize(
    "change",
    [
        move_router_forward,
        map_passages,
        name_other_code,
        reach_outside,
        ask_for_questions_by_default,
        lose_the_routes,
    ],
)
def test_other_routers_are_refused(
    store: EncoderFolder, base: str, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """A router that is not exactly a matrix on questions is no artefact: its passages could be anything."""
    folder = saved_adapter(store, base, tmp_path / "saved")
    change(folder)

    with pytest.raises(ArtefactUnsafe, match=r"router|adapter"):
        store.register(folder)


def test_a_layer_that_is_more_than_a_matrix_is_refused(
    store: EncoderFolder, base: str, tmp_path: Path
) -> None:
    """A bias would be left out where NumPy applies the matrix, so it is refused instead."""
    folder = saved_adapter(store, base, tmp_path / "saved")
    weights = next(folder.glob("*_Router/*/model.safetensors"))
    tensors = safetensors.numpy.load_file(weights)
    bias = np.zeros(len(tensors["linear.weight"]), dtype=np.float32)
    safetensors.numpy.save_file({**tensors, "linear.bias": bias}, weights)

    digest = store.register(folder)

    with pytest.raises(ArtefactTampered, match="square matrix without bias"):
        store.load(digest)


def test_a_changed_matrix_is_found(store: EncoderFolder, base: str, tmp_path: Path) -> None:
    """The digest is over the matrix too."""
    digest = store.register(saved_adapter(store, base, tmp_path / "saved"))
    fresh = EncoderFolder(tmp_path / "encoders")
    weights = next((tmp_path / "encoders" / digest).glob("*_Router/*/model.safetensors"))
    shutil.copy(tmp_path / "encoders" / base / "model.safetensors", weights)

    with pytest.raises(ArtefactTampered, match=r"does not match|changed or damaged"):
        fresh.load(digest)
