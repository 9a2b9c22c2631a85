"""How commands print: tables, progress, JSON, a candidate."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from flows.ops.reported import Texts, finding_rows, topic_rows
from flows.ops.tables import (
    answer_rows,
    bar_lines,
    foreseen_sentence,
    moved_rows,
    scorecard_rows,
    slice_rows,
    written_lines,
)
from monitoring.domain import Alarm, DriftReport
from monitoring.telling import tell, unmeasured
from retrain.domain import Candidate

NUMBER = re.compile(r"-|[-+]?[\d.]+( (/|to) [-+]?[\d.]+)?")
"""A cell that is a number, a range, a pair, or a missing one."""

_WIDE = 132
"""Characters of a line from which on a report's findings fit with all their columns."""

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console


def console(*, stderr: bool = False) -> "Console":
    """Return a console that prints texts as they are, and wide tables whole where the output is no terminal."""
    from rich.console import Console

    width = None if Console(stderr=stderr).is_terminal else 140
    return Console(stderr=stderr, highlight=False, markup=False, width=width)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; columns that hold numbers are set flush right."""
    from rich.table import Table
    from rich.text import Text

    cells = [[str(cell) for cell in row] for row in rows]
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for position, column in enumerate(columns):
        numeric = bool(cells) and all(NUMBER.fullmatch(row[position]) for row in cells)
        drawn.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    console().print(drawn)


def as_json(value: Any) -> None:
    """Print a value as JSON, datetimes in ISO format."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@contextmanager
def progress() -> "Iterator[Callable[[int, int, str], None]]":
    """Show work going on, on standard error: a bar on a terminal, a line for each new kind of work elsewhere.

    Yields a callable taking (done, total, what); a total of 0 means that the end is not known. A second line of `what`
    names what was done last: the bar shows it, lines do not.
    """
    out = console(stderr=True)
    if not out.is_terminal:
        last: list[str] = [""]

        def line(_done: int, _total: int, what: str) -> None:
            what = what.partition("\n")[0]
            if what != last[0]:
                last[0] = what
                click.echo(f"  {what} ...", err=True)

        yield line
        return

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    with Progress(
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn(
            "{task.fields[last]}", style="dim", table_column=Column(overflow="ellipsis", no_wrap=True)
        ),
        console=out,
    ) as bars:
        tasks: dict[str, Any] = {}

        def bar(done: int, total: int, what: str) -> None:
            what, _, last = what.partition("\n")
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None, last="")
            bars.update(tasks[what], completed=done, total=total or None, last=last)

        yield bar


def show_drift(
    report: DriftReport, standing: Sequence[Alarm], texts: Texts, *, remarks: Sequence[str] = ()
) -> None:
    """Print a drift report: the verdict, why, what to do, the numbers, and what it was held to."""
    told, out = tell(report, standing), console()
    out.print(told.verdict, style="bold", soft_wrap=True)
    for heading, sentences in (("Why", told.why), ("What to do", told.to_do), ("", remarks)):
        if sentences and heading:
            out.print(heading)
        for sentence in sentences:
            out.print(f"  {sentence}", soft_wrap=True)
    if any(each.topics for each in report.diagnoses):
        table("Topics", *topic_rows(report, texts))
    if report.findings:
        title = f"Drift report {report.id[:8]}: {report.verdict.replace('_', ' ')}"
        columns, rows = finding_rows(report)
        shown = len(columns) if out.width >= _WIDE else columns.index("p")
        table(title, columns[:shown], [row[:shown] for row in rows])
        if shown < len(columns):
            left_out = ", ".join(columns[shown:])
            out.print(f"  Left out, as the terminal is narrow: {left_out}. --json has them.", soft_wrap=True)
    for window in (report.reference, report.current):
        if window.language_unknown:
            out.print(
                f"  {window.name}: {window.language_unknown} of {window.count} questions are in a language that the "
                "encoder does not know.",
                soft_wrap=True,
            )
    for line in unmeasured(report):
        out.print(f"  {line}", soft_wrap=True)
    if told.held_to:
        out.print(told.held_to, soft_wrap=True)


def show_candidate(candidate: Candidate) -> None:
    """Print a candidate: what it learned from, how it compares, what the gate says."""
    training, card = candidate.training, candidate.scorecard
    out = console()
    out.print(f"Candidate {candidate.id}")
    out.print(
        f"  {training.lane} lane, {training.pairs} pairs, {training.steps} steps, {training.seconds:.0f} s;"
        f" compared on {card.questions} held-back questions over {card.passages} passages"
    )
    for line in written_lines(training.settings.get("language_model")):
        out.print(f"  {line}")
    table("Candidate beside incumbent", *scorecard_rows(card))
    if card.answers:
        table("What people get", *answer_rows(card.answers))
        for line in bar_lines(card.answers):
            out.print(line)
    table("What is found", *scorecard_rows(card))
    out.print(foreseen_sentence(card.detectable))
    if costs := card.costs:
        out.print(
            f"Embedding a question takes {costs.candidate_ms:.2f} ms, the incumbent {costs.incumbent_ms:.2f} ms;"
            f" weights {costs.candidate_bytes / 1e6:.1f} MB and {costs.incumbent_bytes / 1e6:.1f} MB."
        )
    if card.slices:
        table("Slices", *slice_rows(card))
    if card.worst:
        table("Questions that got worst", *moved_rows(card.worst))
    if card.best:
        table("Questions that got best", *moved_rows(card.best))
    out.print(f"Verdict: {candidate.verdict.outcome}. Status: {candidate.status}.")
    for reason in candidate.verdict.reasons:
        out.print(f"  - {reason}")
