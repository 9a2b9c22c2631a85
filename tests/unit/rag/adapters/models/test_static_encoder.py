"""Static encoders with NumPy: the same vectors as torch's."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.sentence_transformers import SentenceTransformerEncoder
from rag.adapters.models.static_encoder import StaticEncoder, readable
from rag.ports import Encoder

TEXTS = [
    "How do I sharpen a knife?",
    "",
    "  ",
    "Zinc " * 3_000,
    "\U0001f5ff",
    "Was kostet die Lieferung nach Österreich?",
]


def test_vectors_are_those_of_torch(
    encoder_store: EncoderFolder, static_digest: str, static_encoder: Encoder
) -> None:
    """Cosine 1 within float32, blank texts included, which are like nothing in both; counts are equal."""
    assert isinstance(static_encoder, StaticEncoder)
    original = SentenceTransformerEncoder(encoder_store.path(static_digest), digest=static_digest)

    for mine, theirs in (
        (static_encoder.encode_queries(TEXTS), original.encode_queries(TEXTS)),
        (static_encoder.encode_passages(TEXTS), original.encode_passages(TEXTS)),
    ):
        assert np.allclose(theirs, mine, atol=1e-5)
        assert not mine[1].any()
    assert original.count_tokens(TEXTS) == static_encoder.count_tokens(TEXTS)


def test_a_cut_in_the_tokeniser_and_prompts_hold(
    tmp_path: Path, encoder_store: EncoderFolder, static_digest: str
) -> None:
    """Where tokenizer.json cuts texts and the settings name prompts, both do so; counting does not cut."""
    from tokenizers import Tokenizer

    folder = tmp_path / "cut"
    shutil.copytree(encoder_store.path(static_digest), folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(4, stride=2)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config_sentence_transformers.json").write_text(
        '{"prompts": {"query": "q: ", "document": "d: "}}'
    )
    text = "one two three four five six seven"
    original = SentenceTransformerEncoder(folder, digest="d")

    encoder = StaticEncoder(folder, digest="d")

    assert np.allclose(original.encode_queries([text]), encoder.encode_queries([text]), atol=1e-5)
    assert np.allclose(
        encoder.encode_queries(["one two"]), encoder.encode_queries(["one two six"]), atol=1e-5
    )
    assert not np.allclose(encoder.encode_queries([text]), encoder.encode_passages([text]), atol=1e-3)
    assert [7] == encoder.count_tokens([text])


def test_model2vecs_layout_is_read(tmp_path: Path, encoder_store: EncoderFolder, static_digest: str) -> None:
    """A smaller table with a mapping and weights gives what sentence-transformers makes of it."""
    folder = tmp_path / "model2vec"
    shutil.copytree(encoder_store.path(static_digest), folder)
    table = load_file(folder / "model.safetensors")["embedding.weight"]
    random = np.random.default_rng(3)
    save_file(
        {
            "embeddings": table[:1_000].astype(np.float16),
            "mapping": random.integers(0, 1_000, len(table)),
            "weights": random.uniform(0.1, 1, len(table)),
        },
        folder / "model.safetensors",
    )
    original = SentenceTransformerEncoder(folder, digest="d")

    assert readable(folder)
    assert np.allclose(
        original.encode_passages(TEXTS[:1]),
        StaticEncoder(folder, digest="d").encode_passages(TEXTS[:1]),
        atol=2e-3,
    )


@pytest.mark.parametrize("modules", ["transformer", "dense"])
def test_what_is_more_than_a_table_is_left_to_torch(
    tmp_path: Path, encoder_store: EncoderFolder, static_digest: str, transformer: Path, modules: str
) -> None:
    """A transformer, or a layer behind the table, is no table."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense

    if modules == "transformer":
        assert not readable(transformer)
        return
    table = SentenceTransformer(str(encoder_store.path(static_digest)), device="cpu")[0]
    model = SentenceTransformer(modules=[table, Dense(in_features=384, out_features=16)], device="cpu")
    model.save(str(tmp_path / "dense"), create_model_card=False)
    store = EncoderFolder(tmp_path / "encoders", runtime="openvino")

    encoder = store.load(store.register(tmp_path / "dense"))

    assert not readable(tmp_path / "dense")
    assert isinstance(encoder, SentenceTransformerEncoder)
    assert (1, 16) == encoder.encode_queries(["How do I sharpen a knife?"]).shape
