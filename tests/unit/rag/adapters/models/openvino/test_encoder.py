"""Exported transformers: the same vectors as torch's, without torch."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.openvino.encoder import OpenVinoEncoder
from rag.adapters.models.sentence_transformers import SentenceTransformerEncoder
from rag.ports import Encoder

TEXTS = [
    "How to sharpen knives with a WHETSTONE?",
    "",
    "water",
    "   what is   it ? ",
    "the whetstones and oil " * 30,
    "knives \U0001f5ff 刃",
    "A whetstone is a stone. " * 3,
]


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row by row; both have unit length."""
    return np.asarray((a * b).sum(axis=1))


@pytest.fixture
def store(tmp_path: Path) -> EncoderFolder:
    """An empty store whose encoders run in OpenVINO."""
    return EncoderFolder(tmp_path / "encoders", runtime="openvino", threads=2)


def test_everything_the_model_does_is_exported(store: EncoderFolder, transformer: Path) -> None:
    """Prompts, lower case, the longest length, pooling, a dense layer and normalisation are as in torch."""
    digest = store.register(transformer)
    original = SentenceTransformerEncoder(transformer, digest=digest)

    encoder = store.load(digest)

    assert isinstance(encoder, OpenVinoEncoder)
    assert (digest, 8) == (encoder.digest, encoder.dimension)
    assert (cosines(original.encode_queries(TEXTS), encoder.encode_queries(TEXTS)) > 0.999).all()
    assert (cosines(original.encode_passages(TEXTS), encoder.encode_passages(TEXTS)) > 0.999).all()
    # The probe tells prompts apart, so that it would tell a missing one.
    assert (cosines(encoder.encode_queries(TEXTS), encoder.encode_passages(TEXTS)) < 0.999).any()
    assert original.count_tokens(TEXTS) == encoder.count_tokens(TEXTS)
    assert 30 * 5 == encoder.count_tokens([TEXTS[4]])[0]


def test_minilm_is_the_same_in_both(
    encoder_store: EncoderFolder, minilm_digest: str, minilm_encoder: Encoder
) -> None:
    """MiniLM's vectors reach 0.9999 of torch's, whatever the length, and counts are equal."""
    assert isinstance(minilm_encoder, OpenVinoEncoder)
    original = SentenceTransformerEncoder(encoder_store.path(minilm_digest), digest=minilm_digest)
    texts = [
        *TEXTS,
        *(
            "Selenium is measured in µg per litre, and a blood test shows it within a day. " * n
            for n in (1, 5, 40)
        ),
    ]

    assert (cosines(original.encode_passages(texts), minilm_encoder.encode_passages(texts)) > 0.9999).all()
    assert original.count_tokens(texts) == minilm_encoder.count_tokens(texts)


def test_company_leaves_a_vector_alone(minilm_encoder: Encoder) -> None:
    """A text's vector hardly depends on what it is batched with: indexes are verified at 0.9999."""
    texts = [f"{'The seal must be dry. ' * (i % 9)}Part {i} is under warranty." for i in range(60)]
    alone = np.concatenate([minilm_encoder.encode_passages([text]) for text in texts])

    assert (cosines(alone, minilm_encoder.encode_passages(texts)) > 0.99995).all()
    assert (cosines(alone[::-1], minilm_encoder.encode_passages(texts[::-1])) > 0.99995).all()


def test_threads_of_both_kinds_share_a_model(minilm_encoder: Encoder) -> None:
    """Questions and passages at once get what each gets alone."""
    questions = [f"What does part {i} cost?" for i in range(12)]
    passages = [f"Part {i} costs {i * 7} euros. " * (i + 1) for i in range(12)]
    alone = minilm_encoder.encode_queries(questions), minilm_encoder.encode_passages(passages)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(minilm_encoder.encode_queries, [question]) for question in questions]
        read = [pool.submit(minilm_encoder.encode_passages, passages) for _ in range(4)]

    assert (cosines(alone[0], np.concatenate([each.result() for each in asked])) > 0.9999).all()
    assert all((cosines(alone[1], each.result()) > 0.9999).all() for each in read)


def test_no_texts_give_no_rows(store: EncoderFolder, transformer: Path) -> None:
    """Nothing in, a matrix without rows out."""
    encoder = store.load(store.register(transformer))

    assert (0, 8) == encoder.encode_passages([]).shape
    assert [] == encoder.count_tokens([])


SERVING = """
import json, sys
from pathlib import Path
from rag.adapters.models.encoders import EncoderFolder

store = EncoderFolder(Path(sys.argv[1]), runtime="openvino")
told = []
for digest in sys.argv[2:]:
    encoder = store.load(digest)
    shape = encoder.encode_queries(["What sharpens knives?", ""]).shape
    told.append([shape, encoder.encode_passages(["A whetstone."]).shape, encoder.count_tokens(["A whetstone."])])
heavy = {"torch", "transformers", "sentence_transformers", "pandas", "llama_index", "openvino_telemetry", "requests"}
loaded = sorted(name for name in heavy if sys.modules.get(name) is not None)
stub = sys.modules["openvino.tools.ovc.telemetry_utils"].tm.__name__
memory = int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) * 1024
print(json.dumps({"told": told, "loaded": loaded, "telemetry": stub, "memory": memory}))
"""


def test_serving_loads_no_torch_and_tells_nobody(
    encoder_store: EncoderFolder, minilm_digest: str, static_digest: str
) -> None:
    """A process that loads both encoders and uses them stays small, torch-free, and without telemetry."""
    root = encoder_store.path(minilm_digest).parent
    encoder_store.load(minilm_digest)

    done = subprocess.run(
        [sys.executable, "-c", SERVING, str(root), minilm_digest, static_digest],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    told = json.loads(done.stdout)
    assert 2 * [[[2, 384], [1, 384], [5]]] == told["told"]
    assert [] == told["loaded"]
    assert told["telemetry"].endswith("telemetry_stub")
    assert told["memory"] < 350_000_000
