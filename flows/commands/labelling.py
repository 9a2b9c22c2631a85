"""Labelling live questions in the terminal: one after the other, each answer written at once."""

from datetime import datetime

import click

from monitoring.domain import Shown
from monitoring.labels.labelling import Label, Labelling
from rag.domain import utcnow

KEYS = "a number (several: 1,3), n none of them, x no document answers it, s cannot say, q quit"

SHOWN = 700
"""Characters of a passage that are shown at first; m shows the whole."""


def label_at_terminal(labelling: Labelling, *, tenant: str, principal: str) -> tuple[int, bool]:
    """Ask for a label of one waiting question after the other until there is none, or who is asked quits.

    Returns how many were given, skipped ones among them, and whether some still wait.
    """
    given = 0
    while waiting := labelling.queue(tenant=tenant, limit=1, at=utcnow()):
        label = _ask(waiting[0])
        if label is None:
            return given, True
        labelling.label(waiting[0].sampled.id, label, tenant=tenant, principal=principal, at=utcnow())
        given += 1
    return given, False


def _ask(shown: Shown) -> Label | None:
    """Show a question and return what is said of it; None: who is asked quits."""
    _print(shown, longest=SHOWN)
    while True:
        said = click.prompt(f"Which answers it? [{KEYS}; m more]", prompt_suffix="\n> ").strip().casefold()
        if said == "q":
            return None
        if said == "m":
            _print(shown, longest=None)
            continue
        label = read_answer(said, shown)
        if label is not None:
            return label
        click.echo(f"Expected {KEYS}; got {said!r}.")


def read_answer(said: str, shown: Shown) -> Label | None:
    """Return the label that an answer means; None where it means none."""
    plain = {"n": Label(), "x": Label(answerable=False), "s": Label(skip=True)}
    if said in plain:
        return plain[said]
    numbers = [part.strip() for part in said.split(",")]
    if not all(each.isdecimal() and 1 <= int(each) <= len(shown.passages) for each in numbers):
        return None
    return Label(found=tuple(dict.fromkeys(shown.passages[int(each) - 1].id for each in numbers)))


def _print(shown: Shown, *, longest: int | None) -> None:
    asked = shown.asked
    click.echo()
    click.echo(click.style(" ".join(asked.question.split()), bold=True))
    if asked.rewritten:
        click.echo(f"searched for as: {' '.join(asked.rewritten.split())}")
    click.echo(f"asked {_when(asked.asked_at)}")
    for number, passage in enumerate(shown.passages, 1):
        text = " ".join(passage.text.split())
        cut = text if longest is None or len(text) <= longest else f"{text[:longest]} ..."
        click.echo()
        click.echo(click.style(f"[{number}] {passage.title or passage.uri}", bold=True))
        click.echo(cut)
    if not shown.passages:
        click.echo("Nothing was found for it.")
    click.echo()


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
