"""Encoder artefacts: content-addressed, checked before they are loaded, made once."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import safetensors.numpy

from rag.adapters.models.encoders import MINILM_SHA256, EncoderFolder
from rag.errors import ArtefactTampered, ArtefactUnsafe, NotFound

STATIC = "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"
NORMALIZE = "sentence_transformers.base.modules.normalize.Normalize"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A tiny static encoder, saved the way sentence-transformers does."""
    folder = tmp_path / "saved"
    folder.mkdir()
    words = ["[UNK]", "whetstone", "sharpens", "knives"]
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": {w: i for i, w in enumerate(words)}, "unk_token": "[UNK]"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    vectors = np.random.default_rng(7).normal(size=(len(words), 8)).astype(np.float32)
    safetensors.numpy.save_file({"embedding.weight": vectors}, folder / "model.safetensors")
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": STATIC},
        {"idx": 1, "name": "1", "path": "1_Normalize", "type": NORMALIZE},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    settings = {"__version__": {"sentence_transformers": "6.2.0"}, "prompts": {"query": "", "document": ""}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> EncoderFolder:
    """An empty store."""
    return EncoderFolder(tmp_path / "encoders")


def test_register_gives_an_encoder_that_loads(store: EncoderFolder, saved: Path) -> None:
    """A registered folder loads as an encoder of its digest, with rows of unit length."""
    digest = store.register(saved)

    encoder = store.load(digest)

    assert (digest, 8) == (encoder.digest, encoder.dimension)
    vectors = encoder.encode_passages(["whetstone sharpens", "knives"])
    assert ((2, 8), np.dtype(np.float32)) == (vectors.shape, vectors.dtype)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert "static" == store.kind(digest)
    assert frozenset({digest}) == store.digests()


def test_what_leaves_the_vectors_alone_leaves_the_digest_alone(store: EncoderFolder, saved: Path) -> None:
    """Version strings, old module paths, read-mes and other formats do not make another artefact."""
    digest = store.register(saved)
    (saved / "README.md").write_text("# A model")
    (saved / "onnx").mkdir()
    (saved / "onnx" / "model.bin").write_bytes(b"x")
    (saved / "config_sentence_transformers.json").write_text('{"__version__": {"pytorch": "9"}}')
    modules = (
        (saved / "modules.json").read_text().replace(STATIC, "sentence_transformers.models.StaticEmbedding")
    )
    (saved / "modules.json").write_text(modules)

    assert digest == store.register(saved)
    assert not (store.path(digest) / "README.md").exists()
    assert not (store.path(digest) / "onnx").exists()


def test_what_changes_the_vectors_changes_the_digest(store: EncoderFolder, saved: Path) -> None:
    """A prompt is part of the artefact, and so is normalisation."""
    plain = store.register(saved)
    (saved / "config_sentence_transformers.json").write_text('{"prompts": {"query": "question: "}}')
    prompted = store.register(saved)
    modules = json.loads((saved / "modules.json").read_text())
    (saved / "modules.json").write_text(json.dumps(modules[:1]))
    unnormalised = store.register(saved)

    assert 3 == len({plain, prompted, unnormalised})


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "modules.json", "manifest.json"])
def test_a_changed_file_is_not_loaded(store: EncoderFolder, saved: Path, file: str) -> None:
    """One changed byte anywhere is found, and the message names the file and the way out."""
    digest = store.register(saved)
    target = store.path(digest) / file
    target.write_bytes(target.read_bytes()[:-1] + b" ")

    with pytest.raises(ArtefactTampered, match=rf"{file}.*[Dd]elete|{file}.*restore"):
        store.load(digest)


def test_missing_and_extra_files_are_refused(store: EncoderFolder, saved: Path) -> None:
    """An artefact holds exactly the files of its manifest."""
    digest = store.register(saved)
    folder = store.path(digest)

    (folder / "added_tokens.json").write_text("{}")
    with pytest.raises(ArtefactTampered, match=r"added_tokens\.json is not part"):
        store.load(digest)
    (folder / "added_tokens.json").unlink()

    (folder / "tokenizer.json").unlink()
    with pytest.raises(ArtefactTampered, match=r"tokenizer\.json is missing"):
        store.load(digest)


def test_a_manifest_that_fits_the_files_but_not_the_digest_is_refused(
    store: EncoderFolder, saved: Path
) -> None:
    """Whoever swaps weights and manifest together still has the digest against them."""
    digest = store.register(saved)
    (saved / "config_sentence_transformers.json").write_text('{"prompts": {"query": "other "}}')
    other = store.register(saved)
    folder = store.path(digest)
    shutil.rmtree(folder)
    shutil.copytree(store.path(other), folder)

    with pytest.raises(ArtefactTampered, match="does not belong to the digest"):
        EncoderFolder(folder.parent).path(digest)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "training_args.PT", "weights.pkl", "modeling.py"])
def test_what_could_run_code_is_refused(store: EncoderFolder, saved: Path, name: str) -> None:
    """Pickles and scripts are refused, with the file's name."""
    (saved / name).write_bytes(b"")

    with pytest.raises(ArtefactUnsafe, match=name):
        store.register(saved)
    assert frozenset() == store.digests()


@pytest.mark.parametrize(
    "module",
    [
        "modeling_evil.Evil",
        "os.system",
        "sentence_transformers.models.CLIPModel",
        "sentence_transformers.evil.Pooling",
    ],
)
def test_unknown_modules_are_refused(store: EncoderFolder, saved: Path, module: str) -> None:
    """Only module types on the allow-list are accepted."""
    modules = (saved / "modules.json").read_text().replace(STATIC, module)
    (saved / "modules.json").write_text(modules)

    with pytest.raises(ArtefactUnsafe, match=module):
        store.register(saved)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("config.json", {"auto_map": {"AutoModel": "modeling.Evil"}}, "auto_map"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["t.Evil", None]}}, "auto_map"),
        ("sentence_bert_config.json", {"model_args": {"trust_remote_code": True}}, "trust_remote_code"),
        ("config.json", {"activation_function": "os.system"}, "activation"),
        ("config.json", {"activation_function": "torch.hub.load"}, "activation"),
    ],
)
def test_settings_that_ask_for_code_are_refused(
    store: EncoderFolder, saved: Path, file: str, content: dict[str, object], reason: str
) -> None:
    """Configuration files cannot point at code."""
    (saved / file).write_text(json.dumps(content))

    with pytest.raises(ArtefactUnsafe, match=reason):
        store.register(saved)


def test_a_module_outside_its_folder_is_refused(store: EncoderFolder, saved: Path) -> None:
    """A module's path cannot climb out."""
    modules = (saved / "modules.json").read_text().replace("1_Normalize", "../../elsewhere")
    (saved / "modules.json").write_text(modules)

    with pytest.raises(ArtefactUnsafe, match="outside its folder"):
        store.register(saved)


def test_what_is_not_there_is_not_found(store: EncoderFolder, tmp_path: Path) -> None:
    """Unknown digests, folders and, offline, hub ids are named in a clear error."""
    with pytest.raises(NotFound, match="no encoder 0000"):
        store.load("0" * 64)
    with pytest.raises(NotFound, match=r"modules\.json is missing"):
        store.register(tmp_path)
    with pytest.raises(NotFound, match=r"nobody/nothing.*HF_HUB_OFFLINE"):
        store.resolve("nobody/nothing")
    with pytest.raises(NotFound, match="not a name the hub could know"):
        store.resolve("no such folder/at all/anywhere")


def test_resolve_takes_a_folder_and_a_digest(store: EncoderFolder, saved: Path) -> None:
    """A folder is registered; a digest that is here stands for itself."""
    digest = store.resolve(str(saved))

    assert digest == store.resolve(digest)


def test_drop_removes_an_artefact(store: EncoderFolder, saved: Path) -> None:
    """A dropped artefact is gone; dropping it again does nothing."""
    digest = store.register(saved)
    store.path(digest)

    store.drop(digest)
    store.drop(digest)

    assert frozenset() == store.digests()
    with pytest.raises(NotFound):
        store.path(digest)


def test_what_a_killed_writer_left_is_no_artefact_and_is_cleared(store: EncoderFolder, saved: Path) -> None:
    """A half-copied folder does not count and goes with the next writing."""
    half = store.path(store.register(saved)).parent / ".incoming-killed"
    half.mkdir()
    (half / "manifest.json").write_text("{}")

    assert 1 == len(store.digests())
    store.register(saved)
    assert not half.exists()


def test_threads_and_processes_register_at_once(store: EncoderFolder, saved: Path) -> None:
    """Concurrent registration of the same folder ends in one whole artefact."""
    digest = store.register(saved)
    root = store.path(digest).parent
    store.drop(digest)
    script = (
        "import sys; from pathlib import Path; from rag.adapters.models.encoders import EncoderFolder; "
        "print(EncoderFolder(Path(sys.argv[1])).resolve(sys.argv[2]))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(root), str(saved)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    threads = [Thread(target=store.register, args=(saved,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [digest, digest] == [process.communicate(timeout=60)[0].strip() for process in processes]
    assert frozenset({digest}) == store.digests()
    store.load(digest)


def test_minilm_has_the_published_weights(encoder_store: EncoderFolder, minilm_digest: str) -> None:
    """The packaged MiniLM is the published one, and resolving it again gives the same digest."""
    manifest = json.loads((encoder_store.path(minilm_digest) / "manifest.json").read_text())

    assert MINILM_SHA256 == manifest["files"]["model.safetensors"]
    assert minilm_digest == encoder_store.resolve("minilm")
    assert "transformer" == encoder_store.kind(minilm_digest)


def test_static_is_distilled_once(encoder_store: EncoderFolder, static_digest: str) -> None:
    """Another store over the same folder finds the distilled encoder by its alias."""
    root = encoder_store.path(static_digest).parent

    assert static_digest == EncoderFolder(root).resolve("static")
    assert "static" == encoder_store.kind(static_digest)
