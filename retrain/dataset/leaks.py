"""What a dataset's splits share and must not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rag.text.wording import normal
from retrain.dataset.near_duplicates import SAME_HELD_BACK, alike_across, cluster
from retrain.dataset.pairs import EXCERPTS
from retrain.domain import Dataset, Origin


def leak_report(
    dataset: Dataset, *, texts: Mapping[str, str] | None = None, golden: Iterable[str] = ()
) -> list[str]:
    """Return a sentence for each thing that a dataset's splits share, without relying on how they were made.

    Looks for documents, passages and questions in two splits, questions that train in nearly a held-back one's words,
    paraphrases and excerpts that judge, paraphrases of a held-back question that train, wordings to test with that are
    not the gate's or train, answers that are negatives as well, and golden questions. With `texts` (document id ->
    title and text) also for documents in two splits that are nearly the same.
    """
    leaks = []
    documents = {"train": {pair.document_id for pair in dataset.train}}
    passages = {"train": {pair.passage_id for pair in dataset.train}}
    questions = {"train": {normal(pair.question) for pair in dataset.train}}
    for split, asked in (("dev", dataset.dev), ("gate", dataset.gate)):
        documents[split] = {document for question in asked for document in question.documents}
        passages[split] = {passage for question in asked for passage in question.relevant}
        questions[split] = {normal(question.text) for question in asked}
    held_back = questions["dev"] | questions["gate"]
    for one, other in (("train", "dev"), ("train", "gate"), ("dev", "gate")):
        for noun, held in (("Document", documents), ("Passage", passages), ("Question", questions)):
            leaks += [
                f"{noun} {shared!r} is in {one} and {other}." for shared in sorted(held[one] & held[other])
            ]
    for pair in dataset.train:
        if pair.parent and normal(pair.parent) in held_back:
            leaks.append(f"{pair.question!r} trains and is a paraphrase of a held-back question.")
    for question in (*dataset.dev, *dataset.gate):
        if question.origin is Origin.PARAPHRASE:
            leaks.append(f"{question.text!r} judges and is a paraphrase.")
        if question.origin is Origin.DOCUMENT and question.kind in EXCERPTS:
            leaks.append(f"{question.text!r} judges and is a passage's own words.")
    nearly = alike_across(questions["train"] - held_back, held_back, same=SAME_HELD_BACK)
    leaks += [
        f"{reworded!r} trains and is nearly {other!r}, which is held back."
        for reworded, other in nearly.items()
    ]
    leaks += _reworded_leaks(dataset, questions)
    leaks += _negative_leaks(dataset)
    watched = {normal(text) for text in golden}
    for split, texts_in in questions.items():
        leaks += [f"Golden question {shared!r} is in {split}." for shared in sorted(texts_in & watched)]
    return leaks + _near_duplicates_across(documents, texts or {})


def _reworded_leaks(dataset: Dataset, questions: Mapping[str, set[str]]) -> list[str]:
    parents = {question.id: question for question in dataset.gate}
    leaks = []
    for question in dataset.robustness:
        parent = parents.get(question.parent)
        if parent is None or not question.relevant <= parent.relevant:
            leaks.append(f"{question.text!r} tests and is no wording of a gate question.")
        if normal(question.text) in questions["train"]:
            leaks.append(f"{question.text!r} tests and trains.")
    return leaks


def _negative_leaks(dataset: Dataset) -> list[str]:
    """Return training questions whose passage is a negative of the same question somewhere else."""
    right: dict[str, set[str]] = defaultdict(set)
    for pair in dataset.train:
        right[normal(pair.question)].add(pair.passage_text)
    return [
        f"{pair.question!r} has a passage as its answer and as a negative."
        for pair in dataset.train
        if right[normal(pair.question)] & set(pair.negatives)
    ]


def _near_duplicates_across(documents: Mapping[str, set[str]], texts: Mapping[str, str]) -> list[str]:
    groups = cluster(texts)
    splits: dict[str, set[str]] = defaultdict(set)
    for split, ids in documents.items():
        for document in ids:
            splits[groups.of(document)].add(split)
    return [
        f"Documents that are nearly the same as {group!r} are in {' and '.join(sorted(within))}."
        for group, within in sorted(splits.items())
        if len(within) > 1
    ]
