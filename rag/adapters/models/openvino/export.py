"""Exports transformers from torch to OpenVINO, and compares the two. The only place where both are loaded.

A text's way is exported whole: the tokeniser as sentence-transformers uses it, the transformer, pooling and whatever
modules follow. The comparison then runs through the very class that serves, so that a difference anywhere (a prompt,
a cut, a padding side) is found here and the model stays in torch.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rag.adapters.models.artefacts.exports import NEAR, STEADY, Nearness, write_manifest
from rag.adapters.models.artefacts.modules import prompts
from rag.adapters.models.artefacts.safety import check_safe, check_safe_reranker
from rag.adapters.models.openvino.encoder import OpenVinoEncoder
from rag.adapters.models.openvino.model import (
    GRAPH,
    TOKENIZER,
    Precision,
    Reading,
    openvino,
    processor_has_bf16,
)
from rag.adapters.models.openvino.reranker import OpenVinoReranker
from rag.text.forms import plain

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

_SENTENCE = (
    "The warranty covers parts and labour for two years from delivery, "
    "unless the seal was broken by the buyer. "
)
_AS_WRITTEN = (
    "",
    " ",
    "?",
    "no",
    "How do I reset it?",
    "  What is the limit for 2,500 requests/min, and who sets it?  ",
    "HTTP 503 Service Unavailable: retry_after=1.0s; see RFC 9110 §15.6.4",
    "Was kostet die Lieferung nach Österreich, und wie lange dauert sie?",
    "Où puis-je télécharger la facture du mois dernier ?",
    "部品の保証期間はどのくらいですか",
    "Можно ли вернуть товар без чека? 🙂",
    "def undo(last):\n    return history[-last:]",
    *(_SENTENCE * n for n in (1, 2, 4, 7)),
    "Zinc, selenium and copper are measured in µg/l. " * 60,
)
PROBES = tuple(map(plain, _AS_WRITTEN))
"""Texts of all lengths, scripts and kinds on which an export is compared with its original, in the form it sees."""


class _NotExportable(Exception):
    """The model has something that the export does not."""


def export_encoder(artefact: Path, target: Path, digest: str) -> None:
    """Export the sentence-transformers folder `artefact` into the new folder `target`, with its manifest.

    A model that cannot be exported, or whose export is not near enough, leaves a manifest that says why.
    """
    check_safe(artefact)
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(artefact), **_loading())
    model.eval()

    def compare(precision: Precision) -> Nearness:
        exported = OpenVinoEncoder(target, digest=digest, precision=precision)
        worst, alone = 1.0, 1.0
        for original, encode in (
            (model.encode_query, exported.encode_queries),
            (model.encode_document, exported.encode_passages),
        ):
            expected = original(
                list(PROBES), batch_size=8, normalize_embeddings=True, show_progress_bar=False
            )
            actual = encode(PROBES)
            single = np.concatenate([encode([text]) for text in PROBES])
            worst = min(worst, float((expected * actual).sum(axis=1).min()))
            alone = min(alone, float((single * actual).sum(axis=1).min()))
        return Nearness(original=worst, alone=alone)

    precisions: list[Precision] = ["f32", "bf16"] if processor_has_bf16() else ["f32"]
    _export(target, digest, lambda: _write_encoder(model, artefact, target), compare, precisions)


def export_reranker(artefact: Path, target: Path, digest: str) -> None:
    """Export the cross-encoder in `artefact` into the new folder `target`; as `export_encoder`.

    Logits have no unit length: what is compared is their correlation over the probe texts. And in float32 alone: the
    logits of two good passages often differ by less than bfloat16's eight bits can tell.
    """
    check_safe_reranker(artefact)
    from sentence_transformers import CrossEncoder
    from torch import nn

    model = CrossEncoder(str(artefact), **_loading())
    model.eval()
    question = "How long does the warranty last, and what does it not cover?"

    def compare(_: Precision) -> Nearness:
        exported = OpenVinoReranker(target, digest=digest)
        pairs = [(question, text) for text in PROBES]
        expected = model.predict(pairs, batch_size=8, activation_fn=nn.Identity(), show_progress_bar=False)
        actual = exported.scores(question, PROBES)
        single = np.concatenate([exported.scores(question, [text]) for text in PROBES])
        return Nearness(original=_correlation(expected, actual), alone=_correlation(single, actual))

    _export(target, digest, lambda: _write_reranker(model, target), compare, ["f32"])


def _export(
    target: Path,
    digest: str,
    write: Callable[[], None],
    compare: Callable[[Precision], Nearness],
    precisions: Sequence[Precision],
) -> None:
    target.mkdir(parents=True)
    measured: dict[str, Nearness] = {}
    refused: str | None = None
    try:
        write()
        for precision in precisions:
            measured[precision] = compare(precision)
        if not measured["f32"].good:
            refused = (
                f"The export's vectors reach {measured['f32'].original:.5f} of the original's (at least {NEAR} is "
                f"wanted), and {measured['f32'].alone:.5f} among each other (at least {STEADY})."
            )
    except (OSError, MemoryError):
        raise  # says nothing about the model
    # Whatever the libraries cannot convert is served by the original; the manifest tells which and why.
    except Exception as error:  # noqa: BLE001
        refused = f"{type(error).__name__}: {str(error)[:500]}"
    if refused is not None:
        for file in target.iterdir():
            file.unlink()
    made_with = f"openvino {openvino().__version__}"
    write_manifest(target, source=digest, refused=refused, measured=measured, made_with=made_with)


def _loading() -> dict[str, Any]:
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers left it without types
    return {
        "device": "cpu",
        "local_files_only": True,
        "trust_remote_code": False,
        "model_kwargs": {"use_safetensors": True, "torch_dtype": "float32"},
    }


def _write_encoder(model: "SentenceTransformer", artefact: Path, target: Path) -> None:
    if any(not getattr(module, "include_prompt", True) for module in model):
        raise _NotExportable("Pooling leaves the prompt out, which the exported graph cannot.")
    query, document = prompts(artefact)
    _write(model, "sentence_embedding", target, query_prompt=query, document_prompt=document)


def _write_reranker(model: "CrossEncoder", target: Path) -> None:
    if model.num_labels != 1:
        raise _NotExportable(f"It gives {model.num_labels} labels; a score is one.")
    _write(model, "scores", target)


def _write(model: Any, output: str, target: Path, **reading: str) -> None:
    """Trace the modules of `model` from token ids to its feature `output`, and write it with the tokeniser."""
    import torch

    texts = model.tokenizer
    if not texts.is_fast:
        raise _NotExportable("Its tokeniser has no tokenizer.json.")
    known = ("input_ids", "attention_mask", "token_type_ids")
    features = model.preprocess(["a probe", "and a longer one"])
    inputs = tuple(name for name in known if name in features)
    tensors = {name for name, value in features.items() if isinstance(value, torch.Tensor)}
    if not set(inputs) >= tensors:
        raise _NotExportable(f"It takes inputs of its own: {', '.join(sorted(tensors - set(inputs)))}.")

    class Traced(torch.nn.Module):
        """The whole way in one call that takes tensors and gives one."""

        def __init__(self) -> None:
            super().__init__()
            # OpenVINO's frontend does not find modules whose name is a number, as in a Sequential.
            for place, step in enumerate(model):
                self.add_module(f"step_{place}", step)

        def forward(self, *given: Any) -> Any:
            features = dict(zip(inputs, given, strict=True))
            for step in self.children():
                features = step(features)
            return features[output]

    example = tuple(features[name] for name in inputs)
    ov = openvino()
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every Python number it takes as fixed
        converted = ov.convert_model(Traced().eval(), example_input=example)
    for port, name in zip(converted.inputs, inputs, strict=True):
        port.get_tensor().set_names({name})
        port.get_node().set_partial_shape(ov.PartialShape([-1, -1]))
    converted.validate_nodes_and_infer_types()
    ov.save_model(converted, target / GRAPH, compress_to_fp16=True)
    _write_tokenizer(texts, target)
    Reading(
        inputs=inputs,
        pad_id=int(texts.pad_token_id or 0),
        pad_type_id=int(texts.pad_token_type_id),
        pad_left=texts.padding_side == "left",
        **reading,
    ).write(target)


def _write_tokenizer(texts: Any, target: Path) -> None:
    """Write the tokeniser with the model's own limit, without padding."""
    from tokenizers import Tokenizer

    copy = Tokenizer.from_str(texts.backend_tokenizer.to_str())
    copy.no_padding()
    copy.no_truncation()
    if texts.model_max_length < 1_000_000:  # transformers' way to say "no limit" is a huge number
        copy.enable_truncation(
            int(texts.model_max_length), strategy="longest_first", direction=texts.truncation_side
        )
    copy.save(str(target / TOKENIZER))


def _correlation(a: Sequence[float] | NDArray[Any], b: Sequence[float] | NDArray[Any]) -> float:
    """Pearson's correlation of two series."""
    return float(np.corrcoef(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))[0, 1])
