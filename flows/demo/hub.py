"""PubMedQA from the Hugging Face hub, written out in BEIR layout."""

import json
from pathlib import Path
from typing import Any

from flows.environment import hub_forbidden
from rag.errors import InvalidInput, Unavailable

KNOWN = {"qiaojin/PubMedQA": "pqa_labeled"}
"""Data sets whose layout is known, and the part of each that is used."""


def download(name: str, folder: Path) -> Path:
    """Load a data set and write corpus.jsonl, queries.jsonl and qrels.tsv; return the folder. Done once.

    One passage for each section of an abstract, the article's question as the query.

    Raises:
        InvalidInput: its layout is not known.
        Unavailable: the hub cannot be reached.
    """
    if name not in KNOWN:
        raise InvalidInput(
            f"hub:{name} is not known; known are {', '.join(f'hub:{n}' for n in KNOWN)}. A folder in"
            " BEIR layout works for any other data"
        )
    if (folder / "qrels.tsv").is_file():
        return folder
    records = _load(name)
    folder.mkdir(parents=True, exist_ok=True)
    corpus, queries, qrels = [], [], ["query-id\tcorpus-id\tscore"]
    for record in records:
        query = str(record["pubid"])
        queries.append(json.dumps({"_id": query, "text": record["question"]}))
        for position, text in enumerate(record["context"]["contexts"]):
            corpus.append(json.dumps({"_id": f"{query}-{position}", "title": "", "text": text}))
            qrels.append(f"{query}\t{query}-{position}\t1")
    for file, lines in (("corpus.jsonl", corpus), ("queries.jsonl", queries), ("qrels.tsv", qrels)):
        temporary = folder / f"{file}.part"
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        temporary.rename(folder / file)
    return folder


def _load(name: str) -> Any:
    if hub_forbidden():
        raise Unavailable(
            f"hub:{name} needs the Hugging Face hub, and HF_HUB_OFFLINE=1 forbids it; unset it, or give a BEIR folder"
        )
    from datasets import load_dataset

    try:
        return load_dataset(name, KNOWN[name], split="train")
    except (OSError, RuntimeError, ValueError) as error:
        raise Unavailable(
            f"hub:{name} could not be loaded ({type(error).__name__}); it needs a connection to the Hugging Face hub."
            " Give a folder in BEIR layout instead"
        ) from error
