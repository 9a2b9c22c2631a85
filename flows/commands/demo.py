"""whetstone demo."""

import click


@click.command()
@click.option(
    "--dataset",
    metavar="PATH",
    help="A BEIR folder (corpus.jsonl, queries.jsonl, qrels.tsv), or hub:qiaojin/PubMedQA. Default: Python's own"
    " documentation.",
)
@click.option(
    "--once", is_flag=True, help="End after the loop instead of staying up; exit status 0 if all worked."
)
@click.option(
    "--encoder",
    default="static",
    show_default=True,
    type=click.Choice(["static", "minilm"]),
    help="What to start from; minilm is better and takes many times as long to train on a CPU.",
)
def demo(dataset: str | None, once: bool, encoder: str) -> None:
    """Run the whole loop on real documents: ask, drift, retrain, approve, switch, roll back.

    State goes to the folder demo below WHETSTONE_HOME and is made afresh each time. The service stays up at the end,
    until Ctrl-C.
    """
    from flows.demo.run import run_demo

    raise SystemExit(run_demo(dataset=dataset, once=once, encoder=encoder))
