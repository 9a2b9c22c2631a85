"""whetstone ask, whetstone questions and whetstone label."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rag.library.labelling import LabelImport


@click.command()
@click.argument("question")
@click.option(
    "--filter",
    "where",
    default="",
    metavar="JSON",
    help='Ask of some documents only, by their metadata, as over HTTP: \'{"site": "Berlin", "year": {"gte": 2024}}\'.',
)
@click.option("--json", "json_output", is_flag=True, help="Print the answer with all hits as JSON.")
def ask(question: str, where: str, json_output: bool) -> None:
    """Ask a question and get an answer with numbered sources.

    Goes through the running service where there is one on WHETSTONE_HOST and WHETSTONE_PORT, else answers by itself.
    """
    from flows.commands.asking import ask_anywhere, remarks
    from flows.environment import serving_settings
    from flows.ops.terminal import as_json, console, progress, table

    with progress() as show:
        answer = ask_anywhere(serving_settings(), question, where, progress=show)
    if json_output:
        as_json(answer)
        return
    console().print(answer["answer"])
    if answer["sources"]:
        console().print()
        table(
            "Sources",
            ["", "score", "title", "uri"],
            [
                (f"[{s['number']}]", f"{s['score']:.3f}", s["title"] or "-", s["uri"])
                for s in answer["sources"]
            ],
        )
    if answer["looked_at"]:
        console().print()
        table("Looked at", ["title", "uri"], [(d["title"], d["uri"]) for d in answer["looked_at"]])
    for remark in remarks(answer):
        console().print()
        console().print(remark)


@click.command()
@click.option(
    "--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="Most questions shown."
)
@click.option(
    "--status",
    type=click.Choice(["answered", "abstained", "retrieved", "failed", "cancelled"]),
    help="Only those that ended so; abstained: the documents do not say.",
)
@click.option(
    "--unknown-language", is_flag=True, help="Only those in a language that the encoder does not know."
)
@click.option("--json", "json_output", is_flag=True, help="Print them as JSON.")
@click.option(
    "--label",
    "labels",
    is_flag=True,
    help="Go through those drawn for people, and say which passage answers each: recall of live questions rests on it.",
)
def questions(
    limit: int, status: str | None, unknown_language: bool, json_output: bool, labels: bool
) -> None:
    """Show what people asked lately: how it ended, and how likely the passages found answered it."""
    from flows.bootstrap import open_doors

    if labels:
        _label()
        return
    from flows.ops.asked import asked_lately, question_json, question_rows
    from flows.ops.terminal import as_json, console, table
    from rag.domain import InteractionStatus

    with open_doors() as doors:
        asked = asked_lately(
            doors.rag.stores.interactions,
            tenant=doors.rag.settings.tenant,
            limit=limit,
            status=InteractionStatus(status) if status else None,
            language_unknown=unknown_language,
        )
    if json_output:
        as_json([question_json(each) for each in asked])
    elif asked:
        table("Questions, newest first", *question_rows(asked))
    else:
        console().print("No such question is in the log.")


def _label() -> None:
    from flows.bootstrap import open_doors
    from flows.commands.labelling import label_at_terminal
    from flows.environment import terminal_principal

    with open_doors() as doors:
        given, left = label_at_terminal(
            doors.monitoring.labelling,
            tenant=doors.rag.settings.tenant,
            principal=terminal_principal(),
        )
    click.echo(f"{given} labelled; {'others wait' if left else 'none waits'}.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--split",
    "splits",
    multiple=True,
    metavar="SPLIT=PURPOSE",
    help="Which split serves which purpose: train, dev or golden. May be repeated. Default: train=train dev=dev.",
)
def label(folder: Path, splits: tuple[str, ...]) -> None:
    """Import labelled questions: a BEIR folder whose corpus is ingested.

    Its questions are in queries.jsonl, its labels in qrels/train.tsv, qrels/dev.tsv and others, or in one qrels.tsv.

    train may be trained on; dev chooses checkpoints and decides on promotions; golden is watched for recall drift. A
    question that is held back stays so. A split called test is refused: it is for reporting only.
    """
    from flows.bootstrap import open_doors
    from flows.ops.terminal import console, table

    wanted = dict(pair.partition("=")[::2] for pair in splits) or {"train": "train", "dev": "dev"}
    with open_doors() as doors:
        done = doors.rag.import_labels(folder, wanted)
    table(
        "Labelled questions",
        ["purpose", "in the folder", "new"],
        [(p, n, new) for p, (n, new) in done.counts.items()],
    )
    for sentence in _told(done, folder):
        console().print(sentence)


def _told(done: "LabelImport", folder: Path) -> Iterator[str]:
    """Yield a sentence for each thing that is not as one may have thought."""
    if done.unknown:
        yield (
            f"{done.unknown:,} of {done.labels:,} labels point at documents that are not ingested: "
            f"whetstone ingest {folder}"
        )
    if done.held_back:
        yield (
            f"{done.held_back:,} questions are held back already, by an earlier import, and stay so; "
            "their labels here were not taken."
        )
    if done.withdrawn:
        yield f"{done.withdrawn:,} questions were there to be trained on, and are held back from now on."
    if done.apart:
        yield (
            f"{done.apart:,} questions were left out: they share a document or their words with one "
            "that is held back further."
        )
    if done.strays:
        yield f"{done.strays:,} labels are of questions that queries.jsonl does not have."
    for split, count in done.other_splits.items():
        if split:
            yield f"{count:,} questions are of the split {split!r}, left out: --split '{split}=PURPOSE' takes them."
        else:
            yield f"{count:,} questions are in no split and were left out."
