"""whetstone ask and whetstone label."""

from pathlib import Path

import click


@click.command()
@click.argument("question")
@click.option("--json", "json_output", is_flag=True, help="Print the answer with all hits as JSON.")
def ask(question: str, json_output: bool) -> None:
    """Ask a question and get an answer with numbered sources.

    Goes through the running service where there is one on WHETSTONE_HOST and WHETSTONE_PORT, else answers by itself.
    """
    from flows.commands.asking import ask_anywhere
    from flows.environment import serving_settings
    from flows.ops.terminal import as_json, console, table

    answer = ask_anywhere(serving_settings(), question)
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
    """Import labelled questions (queries.jsonl and qrels.tsv of a BEIR folder whose corpus is ingested).

    train may be trained on; dev chooses checkpoints and decides on promotions; golden is watched for recall drift. A
    split called test is refused: it is for reporting only.
    """
    from flows.bootstrap import open_doors
    from flows.ops.terminal import table

    wanted = dict(pair.partition("=")[::2] for pair in splits) or {"train": "train", "dev": "dev"}
    with open_doors() as doors:
        counts = doors.rag.import_labels(folder, wanted)
    table(
        "Labelled questions",
        ["purpose", "in the folder", "new"],
        [(p, n, new) for p, (n, new) in counts.items()],
    )
