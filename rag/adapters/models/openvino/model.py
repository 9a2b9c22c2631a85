"""A transformer's exported graph, run by OpenVINO on the processor."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from rag.adapters.models.artefacts.disk import read_json, write_json

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Precision = Literal["bf16", "f32"]
Rows = NDArray[np.float32]

GRAPH = "model.xml"
TOKENIZER = "tokenizer.json"
READING = "reading.json"

_MULTIPLE = 16
"""Lengths are padded to a multiple of it, in tokens: each shape that occurs is prepared once and kept."""
_TOKENS_PER_THREAD = 256
"""A batch holds at most so many tokens a thread: more gains no speed, costs memory, and a question that comes while
passages are embedded waits for longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How texts become the graph's inputs, as the model's own tokeniser does it."""

    inputs: tuple[str, ...]  # what the graph takes, of input_ids, attention_mask and token_type_ids
    pad_id: int
    pad_type_id: int
    pad_left: bool
    query_prompt: str = ""  # put before a question
    document_prompt: str = ""  # put before a passage

    def write(self, folder: Path) -> None:
        """Write it into the folder of an export."""
        write_json(folder / READING, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "Reading":
        """Read it from the folder of an export."""
        values = read_json(folder / READING)
        return cls(**{**values, "inputs": tuple(values["inputs"])})


def openvino() -> Any:
    """Import OpenVINO with its telemetry left out: where that package is missing, it uses its own empty one."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None forbids the import
    import openvino as module

    return module


def processor_has_bf16() -> bool:
    """Tell whether the processor multiplies bfloat16 in hardware."""
    return "BF16" in openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def tokenizer(folder: Path) -> "Tokenizer":
    """Load the tokeniser of an export: it cuts as the model needs it, and does not pad."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / TOKENIZER))


def count_tokens(tokenizer: "Tokenizer", texts: Sequence[str]) -> list[int]:
    """Count each text's tokens without special ones; what the tokeniser cuts off counts too."""
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [len(each.ids) + sum(len(rest.ids) for rest in each.overflowing) for each in encodings]


class OpenVinoModel:
    """A compiled graph that gives one row for each text. Threads may share it; they wait in a fair queue."""

    width: int

    def __init__(
        self, folder: Path, *, precision: Precision, threads: int | None = None, batch: int = 32
    ) -> None:
        """Compile the graph in `folder` for this processor.

        Args:
            folder: a checked export.
            precision: what matrices are multiplied in; bf16 needs a processor that has it.
            threads: of one computation; None: as many as there are cores.
            batch: most texts in one computation.
        """
        core = openvino().Core()
        options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        if threads is not None:
            options["INFERENCE_NUM_THREADS"] = threads
        # The path, not a graph that was read: weights then stay in the file's pages until they are packed.
        self._model = core.compile_model(str(folder / GRAPH), "CPU", options)
        self.width = int(self._model.output(0).partial_shape[1].get_length())
        self.reading = Reading.read(folder)
        self._batch = batch
        self._tokens = _TOKENS_PER_THREAD * int(self._model.get_property("INFERENCE_NUM_THREADS"))
        self._idle: SimpleQueue[Any] = SimpleQueue()

    def rows(self, encodings: Sequence["Encoding"]) -> Rows:
        """Return the graph's row for each encoded text: shape (len(encodings), width), in their order.

        A text without any token gives zeros.
        """
        lengths = np.array([len(each.ids) for each in encodings], dtype=np.int64)
        rows = np.zeros((len(encodings), self.width), dtype=np.float32)
        # Longest first: like lengths share a batch, and memory is taken once.
        order = np.argsort(-lengths, kind="stable")
        order = order[: int((lengths > 0).sum())]
        request = self._request()
        start = 0
        while start < len(order):
            length = -(-int(lengths[order[start]]) // _MULTIPLE) * _MULTIPLE
            some = order[start : start + max(1, min(self._batch, self._tokens // length))]
            inputs = self._inputs([encodings[i] for i in some], length)
            rows[some] = request.infer(inputs, share_inputs=True)[0]
            start += len(some)
        self._idle.put(request)
        return rows

    def _request(self) -> Any:
        """Return an idle request or a new one; a request belongs to one thread at a time."""
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._model.create_infer_request()

    def _inputs(self, encodings: Sequence["Encoding"], length: int) -> dict[str, NDArray[np.int64]]:
        shape = (len(encodings), length)
        ids = np.full(shape, self.reading.pad_id, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        types = np.full(shape, self.reading.pad_type_id, dtype=np.int64)
        for row, encoding in enumerate(encodings):
            size = len(encoding.ids)
            place = slice(length - size, None) if self.reading.pad_left else slice(size)
            ids[row, place] = encoding.ids
            mask[row, place] = 1
            types[row, place] = encoding.type_ids
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        return {name: given[name] for name in self.reading.inputs}
