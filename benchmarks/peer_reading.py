"""One side of `reading.py`, in a process of its own: a reader that is asked for the text of one file after another.

Run by the interpreter of its environment as ``peer_reading.py NAME``; NAME is markitdown, unstructured or docling.
Takes a path on each line of its input and gives a JSON record on each line of its output: the text, or an error, and
the seconds that reading took. What is loaded once is loaded before the first answer.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable

Read = Callable[[str], str]


def markitdown() -> Read:
    """Return markitdown as its documentation shows it."""
    from markitdown import MarkItDown

    converter = MarkItDown(enable_plugins=False)
    return lambda path: converter.convert(path).text_content


def unstructured() -> Read:
    """Return unstructured's `partition`, its elements joined; PDFs by their text layer, which needs no model."""
    from unstructured.partition.auto import partition

    return lambda path: "\n\n".join(str(each) for each in partition(filename=path, strategy="fast"))


def docling() -> Read:
    """Return docling's converter."""
    from docling.document_converter import DocumentConverter

    converter = DocumentConverter()
    return lambda path: converter.convert(path).document.export_to_markdown()


READERS = {"markitdown": markitdown, "unstructured": unstructured, "docling": docling}


def main(name: str) -> None:
    """Answer until the input ends."""
    os.environ.update(DO_NOT_TRACK="1", SCARF_NO_ANALYTICS="true", HF_HUB_OFFLINE="1")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library that prints must not write into the answers
    try:
        read = READERS[name]()
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), file=answers, flush=True)
        return
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        answer: dict[str, str | float]
        try:
            with contextlib.redirect_stdout(sys.stderr):
                answer = {"text": read(line.rstrip("\n"))}
        except Exception as error:  # noqa: BLE001 - a peer that fails has kept nothing of the file
            answer = {"text": "", "error": f"{type(error).__name__}: {error}"[:300]}
        answer["seconds"] = time.perf_counter() - begun
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
