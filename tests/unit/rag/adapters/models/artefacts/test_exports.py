"""Exports beside the weights: made once, checked, made again, or refused with a reason."""

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.models import model_folder
from rag.adapters.models.artefacts.exports import Export, Nearness, read_export, write_manifest
from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.openvino.encoder import OpenVinoEncoder
from rag.adapters.models.sentence_transformers import SentenceTransformerEncoder
from rag.errors import ArtefactTampered

MADE = {"manifest.json", "model.bin", "model.xml", "reading.json", "tokenizer.json"}


@pytest.fixture
def store(tmp_path: Path) -> EncoderFolder:
    """An empty store whose encoders run in OpenVINO."""
    return EncoderFolder(tmp_path / "encoders", runtime="openvino")


@pytest.fixture(scope="module")
def registered_once(made_transformer: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A store with the transformer and its export, to be copied, and the digest."""
    root = tmp_path_factory.mktemp("registered") / "encoders"
    return root, EncoderFolder(root, runtime="openvino").register(made_transformer)


@pytest.fixture
def digest(registered_once: tuple[Path, str], store: EncoderFolder, tmp_path: Path) -> str:
    """Digest of the transformer, which the store has with its export."""
    root, made = registered_once
    shutil.copytree(root, tmp_path / "encoders")
    return made


def test_registering_exports_and_says_how_near_it_is(store: EncoderFolder, transformer: Path) -> None:
    """The export lies beside the weights, names its source, and was measured; the digest is of the source alone."""
    digest = store.register(transformer)

    folder = store.path(digest) / "openvino"
    manifest = json.loads((folder / "manifest.json").read_text())

    assert MADE == {file.name for file in folder.iterdir()}
    assert (digest, None) == (manifest["source"], manifest["refused"])
    assert manifest["measured"]["f32"]["original"] > 0.999
    assert not any(
        "openvino" in name for name in json.loads((store.path(digest) / "manifest.json").read_text())["files"]
    )
    torch = EncoderFolder(folder.parents[1].with_name("torch"), runtime="torch")
    assert digest == torch.register(transformer)
    assert not (torch.path(digest) / "openvino").exists()


@pytest.mark.parametrize("file", sorted(MADE))
def test_a_changed_export_is_not_loaded(store: EncoderFolder, digest: str, file: str) -> None:
    """One changed byte in any of its files is found; the message names the way out, which works."""
    folder = store.path(digest) / "openvino"
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:-2] + b"??")

    with pytest.raises(ArtefactTampered, match=r"Delete .*openvino; it is made again"):
        store.load(digest)

    shutil.rmtree(folder)
    assert isinstance(store.load(digest), OpenVinoEncoder)


def test_another_artefacts_export_and_odd_files_are_not_loaded(store: EncoderFolder, digest: str) -> None:
    """An export belongs to one artefact and holds exactly the files of its manifest."""
    folder = store.path(digest) / "openvino"

    with pytest.raises(ArtefactTampered, match=f"made of the artefact {digest}, not of"):
        read_export(folder.parent, "f" * 64)
    (folder / "more.xml").write_text("")
    with pytest.raises(ArtefactTampered, match=r"more\.xml is not part"):
        store.load(digest)
    (folder / "more.xml").unlink()
    (folder / "model.bin").rename(folder.parent.parent / "model.bin")
    with pytest.raises(ArtefactTampered, match=r"model\.bin is missing"):
        store.load(digest)
    (folder / "model.bin").symlink_to(folder.parent.parent / "model.bin")
    with pytest.raises(ArtefactTampered, match=r"model\.bin is not a file"):
        store.load(digest)


@pytest.mark.parametrize("older", ["none", "format"])
def test_an_artefact_without_a_fitting_export_gets_one(store: EncoderFolder, digest: str, older: str) -> None:
    """What was registered before there were exports, or when they were made otherwise, is exported at load."""
    folder = store.path(digest) / "openvino"
    if older == "none":
        shutil.rmtree(folder)
    else:
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 0}))

    assert isinstance(store.load(digest), OpenVinoEncoder)
    assert MADE == {file.name for file in folder.iterdir()}


def test_processes_export_once(store: EncoderFolder, digest: str) -> None:
    """Two processes without torch that load at once end in one export, made in a third; neither loads torch."""
    root = store.path(digest).parent
    shutil.rmtree(root / digest / "openvino")
    script = (
        "import sys; from pathlib import Path; from rag.adapters.models.encoders import EncoderFolder; "
        "e = EncoderFolder(Path(sys.argv[1]), runtime='openvino').load(sys.argv[2]); "
        "print(type(e).__name__, e.encode_queries(['what is it']).round(2).tolist(), 'torch' in sys.modules)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(root), digest], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    first, second = (process.communicate(timeout=120)[0] for process in processes)

    assert first == second
    assert first.startswith("OpenVinoEncoder [[")
    assert first.strip().endswith("False")
    assert ["openvino"] == [f.name for f in (root / digest).iterdir() if f.name == "openvino"]
    assert not list(root.glob(".incoming-*"))


def test_a_model_that_cannot_be_exported_runs_in_torch(
    store: EncoderFolder, transformer: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The manifest says why, so does the log, and the vectors are right all the same."""
    pooling = transformer / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps({**json.loads(pooling.read_text()), "include_prompt": False}))

    digest = store.register(transformer)
    with caplog.at_level(logging.WARNING):
        encoder = store.load(digest)

    export = read_export(store.path(digest), digest)
    assert export is not None
    assert "prompt" in str(export.refused)
    assert "prompt" in caplog.text
    assert isinstance(encoder, SentenceTransformerEncoder)
    assert np.allclose(1, np.linalg.norm(encoder.encode_queries(["what is it"]), axis=1))


def test_an_export_that_is_not_near_enough_is_refused(
    store: EncoderFolder, transformer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason holds the figure that was measured and the one that is wanted, and nothing of the graph is kept."""
    monkeypatch.setattr("rag.adapters.models.artefacts.exports.NEAR", 1.1)

    digest = store.register(transformer)

    export = read_export(store.path(digest), digest)
    assert export is not None
    assert "of the original's" in str(export.refused)
    assert {"f32"} <= export.measured.keys()
    assert ["manifest.json"] == [file.name for file in export.folder.iterdir()]
    assert isinstance(store.load(digest), SentenceTransformerEncoder)


def test_torch_runs_where_it_is_asked_for(
    tmp_path: Path, transformer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the setting, or by itself where torch has a GPU; then nothing is exported."""
    asked = EncoderFolder(tmp_path / "asked", runtime="torch")
    assert isinstance(asked.load(asked.register(transformer)), SentenceTransformerEncoder)

    monkeypatch.setattr(model_folder, "in_torch", lambda runtime: runtime != "openvino")
    on_gpu = EncoderFolder(tmp_path / "gpu")
    digest = on_gpu.register(transformer)
    assert isinstance(on_gpu.load(digest), SentenceTransformerEncoder)
    assert not (on_gpu.path(digest) / "openvino").exists()


def test_an_artefact_is_adopted_with_its_export(store: EncoderFolder, digest: str, tmp_path: Path) -> None:
    """Another folder takes it byte for byte, checks it first, and does nothing the second time."""
    other = EncoderFolder(tmp_path / "other", runtime="openvino")

    assert digest == other.adopt(store, digest)
    assert digest == other.adopt(store, digest)

    assert isinstance(other.load(digest), OpenVinoEncoder)
    mine, theirs = (each.path(digest) / "openvino" / "manifest.json" for each in (store, other))
    assert mine.read_bytes() == theirs.read_bytes()
    (store.path(digest) / "openvino" / "model.bin").write_bytes(b"")
    with pytest.raises(ArtefactTampered):
        EncoderFolder(tmp_path / "third").adopt(store, digest)


def test_bf16_is_used_where_it_was_measured_as_good(tmp_path: Path) -> None:
    """On a processor that has it, and only if the export held there: near the original, and steady in batches."""
    good, far, shaky = (
        Nearness(original=0.9999, alone=1.0),
        Nearness(original=0.998, alone=1.0),
        Nearness(original=0.9999, alone=0.9998),
    )

    def precision(measured: dict[str, Nearness], bf16: bool) -> str:
        return Export(folder=tmp_path, refused=None, measured=measured).precision(bf16=bf16)

    assert "bf16" == precision({"f32": good, "bf16": good}, True)
    assert "f32" == precision({"f32": good, "bf16": good}, False)
    assert "f32" == precision({"f32": good}, True)
    assert "f32" == precision({"f32": good, "bf16": far}, True)
    assert "f32" == precision({"f32": good, "bf16": shaky}, True)


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Reason and measurements survive the file."""
    folder = tmp_path / "openvino"
    folder.mkdir()
    measured = {"f32": Nearness(original=0.9, alone=1.0)}

    write_manifest(folder, source="d", refused="too far", measured=measured, made_with="openvino 1")

    assert Export(folder=folder, refused="too far", measured=measured) == read_export(tmp_path, "d")
    assert read_export(tmp_path / "elsewhere", "d") is None
