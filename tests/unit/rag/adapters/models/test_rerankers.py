"""Cross-encoder artefacts: checked like encoders, exported, and equal to sentence-transformers' CrossEncoder."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.models.openvino.reranker import OpenVinoReranker
from rag.adapters.models.rerankers import RerankerFolder
from rag.adapters.models.sentence_transformers import CrossEncoderReranker
from rag.errors import ArtefactTampered, ArtefactUnsafe, NotFound

QUESTION = "how to sharpen knives with a whetstone"
PASSAGES = [
    "water boils at the",
    "sharpen knives with oil and stone . " * 9,
    "",
    "what is it",
    "a whetstone and water",
]


@pytest.fixture
def store(tmp_path: Path) -> RerankerFolder:
    """An empty store whose cross-encoders run in OpenVINO."""
    return RerankerFolder(tmp_path / "rerankers", runtime="openvino", threads=2)


def logits(folder: Path, question: str) -> np.ndarray:
    """What sentence-transformers' CrossEncoder says."""
    from sentence_transformers import CrossEncoder
    from torch import nn

    model = CrossEncoder(str(folder), device="cpu")
    return np.asarray(model.predict([(question, p) for p in PASSAGES], activation_fn=nn.Identity()))


@pytest.mark.parametrize("saved_by", ["transformers", "sentence-transformers"])
def test_scores_are_those_of_cross_encoder(
    store: RerankerFolder, cross_encoder: Path, tmp_path: Path, saved_by: str
) -> None:
    """The logits, in the order of the passages, however long question and passages are; either library saved it."""
    folder = cross_encoder
    if saved_by == "sentence-transformers":
        from sentence_transformers import CrossEncoder

        folder = tmp_path / "again"
        CrossEncoder(str(cross_encoder), device="cpu").save_pretrained(str(folder), create_model_card=False)
    reranker = store.load(store.resolve(str(folder)))
    assert isinstance(reranker, OpenVinoReranker)
    for question in (QUESTION, "what is it", QUESTION * 5, ""):
        expected = logits(folder, question)

        scores = reranker.scores(question, PASSAGES)

        assert (np.dtype(np.float32), (len(PASSAGES),)) == (scores.dtype, scores.shape)
        assert np.allclose(expected, scores, atol=0.01 * float(np.ptp(expected)))
        assert expected.argsort().tolist() == scores.argsort().tolist()
    assert (0,) == reranker.scores(QUESTION, []).shape


def test_torch_gives_the_same(tmp_path: Path, cross_encoder: Path) -> None:
    """Where torch is asked for, CrossEncoder itself answers, and nothing is exported."""
    store = RerankerFolder(tmp_path / "torch", runtime="torch")
    digest = store.register(cross_encoder)

    reranker = store.load(digest)

    assert isinstance(reranker, CrossEncoderReranker)
    assert np.allclose(logits(cross_encoder, QUESTION), reranker.scores(QUESTION, PASSAGES), atol=1e-5)
    assert (0,) == reranker.scores(QUESTION, []).shape
    assert not (tmp_path / "torch" / digest / "openvino").exists()


def test_scoring_loads_no_torch(store: RerankerFolder, cross_encoder: Path, tmp_path: Path) -> None:
    """A process that loads a registered cross-encoder and scores with it never loads torch."""
    digest = store.register(cross_encoder)
    script = (
        "import sys; from pathlib import Path; from rag.adapters.models.rerankers import RerankerFolder; "
        "r = RerankerFolder(Path(sys.argv[1]), runtime='openvino').load(sys.argv[2]); "
        "print(len(r.scores('what', ['it', 'oil'])), "
        "{'torch', 'transformers', 'sentence_transformers'} & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "rerankers"), digest],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "2 set()" == done.stdout.strip()


def test_it_is_content_addressed_and_checked(
    store: RerankerFolder, cross_encoder: Path, tmp_path: Path
) -> None:
    """The same folder is one artefact; a changed byte, in the source or the export, is found."""
    digest = store.register(cross_encoder)
    assert digest == store.resolve(str(cross_encoder))
    assert digest == store.resolve(digest)
    assert frozenset({digest}) == store.digests()
    folder = tmp_path / "rerankers" / digest

    (folder / "openvino" / "model.xml").write_text("<net/>")
    with pytest.raises(ArtefactTampered, match=r"model\.xml was changed"):
        store.load(digest)
    (folder / "config.json").write_text("{}")
    with pytest.raises(ArtefactTampered, match=r"config\.json was changed"):
        store.load(digest)

    store.drop(digest)
    with pytest.raises(NotFound, match="no cross-encoder"):
        store.load(digest)


def change(folder: Path, file: str, **values: object) -> None:
    """Set values in a JSON file, making it where it is missing."""
    path = folder / file
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**before, **values}))


def test_what_could_run_code_is_refused(store: RerankerFolder, cross_encoder: Path) -> None:
    """Pickles, custom code, other modules and odd activation functions are refused by name."""
    (cross_encoder / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ArtefactUnsafe, match=r"pytorch_model\.bin"):
        store.register(cross_encoder)
    (cross_encoder / "pytorch_model.bin").unlink()

    change(cross_encoder, "config_sentence_transformers.json", activation_fn="os.system")
    with pytest.raises(ArtefactUnsafe, match=r"os\.system"):
        store.register(cross_encoder)
    (cross_encoder / "config_sentence_transformers.json").unlink()

    normalize = "sentence_transformers.base.modules.normalize.Normalize"
    (cross_encoder / "modules.json").write_text(json.dumps([{"idx": 0, "path": "", "type": normalize}]))
    with pytest.raises(ArtefactUnsafe, match="Normalize"):
        store.register(cross_encoder)
    (cross_encoder / "modules.json").unlink()

    change(cross_encoder, "config.json", auto_map={"AutoModel": "modeling.Evil"})
    with pytest.raises(ArtefactUnsafe, match="auto_map"):
        store.register(cross_encoder)
    assert frozenset() == store.digests()


def test_what_is_no_cross_encoder_is_not_found(
    store: RerankerFolder, cross_encoder: Path, transformer: Path, tmp_path: Path
) -> None:
    """An encoder, two labels, an empty folder and, offline, an unknown hub id are named in a clear error."""
    with pytest.raises(NotFound, match=r"BertModel.*ForSequenceClassification"):
        store.register(transformer)
    change(cross_encoder, "config.json", id2label={"0": "no", "1": "yes"})
    with pytest.raises(NotFound, match="2 labels"):
        store.register(cross_encoder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match=r"no config\.json"):
        store.register(tmp_path / "empty")
    with pytest.raises(NotFound, match="no folder"):
        store.register(tmp_path / "nowhere")
    with pytest.raises(NotFound, match=r"no cross-encoder 'nobody/nothing'.*HF_HUB_OFFLINE"):
        store.resolve("nobody/nothing")
