"""How an ingestion is told: the verdict, the numbers, and what was not read and why."""

from collections.abc import Iterable, Sequence

from flows.ops.terminal import console, table
from rag.library.syncing import SyncReport
from rag.library.writing import Difference

MOST_NAMED = 20
"""Documents of one kind that are named; beyond them it is said how many more there are."""


def has_failed(reports: Iterable[SyncReport]) -> bool:
    """Tell whether something was not read, or not removed though it was asked for."""
    return any(report.failed or report.spared for report in reports)


def show_reports(reports: Sequence[tuple[str, SyncReport]]) -> None:
    """Print what became of each path."""
    out = console()
    out.print(verdict([report for _, report in reports]), soft_wrap=True)
    table(
        "Documents",
        [
            "path",
            "added",
            "changed",
            "unchanged",
            "removed",
            "in part",
            "failed",
            "passages",
            "seconds",
        ],
        [
            (
                path,
                r.added,
                r.changed,
                r.unchanged,
                r.removed,
                len(r.in_part),
                len(r.failed),
                r.passages,
                f"{r.seconds:.1f}",
            )
            for path, r in reports
        ],
    )
    told = console(stderr=True)
    for path, report in reports:
        for line in (*notes(path, report), *lines(report)):
            told.print(line, soft_wrap=True)


def verdict(reports: Sequence[SyncReport]) -> str:
    """Return one sentence on all of them."""
    added, changed, removed = (
        sum(getattr(report, name) for report in reports) for name in ("added", "changed", "removed")
    )
    in_part = sum(len(report.in_part) for report in reports)
    failed = sum(len(report.failed) for report in reports)
    if any(report.dry_run for report in reports):
        does = f"Nothing was written. This would add {added}, change {changed} and remove {removed} documents"
        short = [f"{in_part} would be read in part"] * bool(in_part) + [f"{failed} cannot be read"] * bool(
            failed
        )
        return f"{does}; {' and '.join(short)}." if short else f"{does}."
    does = f"{added} document{'s' if added != 1 else ''} added, {changed} changed, {removed} removed"
    if failed:
        also = f", and {in_part} {'was' if in_part == 1 else 'were'} read in part only" if in_part else ""
        return f"Not everything was read: {failed} failed{also}. {does}."
    if in_part:
        return f"Everything was read, {in_part} of it in part only. {does}."
    return f"Everything was read. {does}."


def notes(path: str, report: SyncReport) -> list[str]:
    """Return what is to be known of a path as a whole, and what to do about it."""
    said = []
    if report.passed_over:
        kinds = ", ".join(
            f"{count} {ending or 'without an ending'}" for ending, count in report.passed_over.items()
        )
        count = sum(report.passed_over.values())
        files = "1 file of a kind that is" if count == 1 else f"{count} files of kinds that are"
        said.append(f"passed over in {path}: {files} not read: {kinds}")
    if report.older:
        said.append(
            f"{path}: {report.older} files were read by an older reader and are kept as they are; "
            f"`whetstone ingest --reread {path}` reads them again, with --dry-run it shows what would change"
        )
    if report.spared:
        said.append(
            f"{path}: {report.spared} documents are gone there, which is more than half of them; nothing was "
            "removed. If that is right, add --force."
        )
    return said


def lines(report: SyncReport) -> list[str]:
    """Return the documents that are to be named, and why."""
    return [
        *_bounded("would ", [_difference(each) for each in report.differences]),
        *_bounded("please note: ", [f"{each.uri}: {each.said}" for each in report.remarks]),
        *_bounded("read in part: ", [f"{each.uri}: {'; '.join(each.reasons)}" for each in report.in_part]),
        *_bounded("not read: ", [f"{each.uri}: {each.reason}" for each in report.failed]),
    ]


def _bounded(what: str, named: Sequence[str]) -> list[str]:
    shown = [f"{what}{each}" for each in named[:MOST_NAMED]]
    more = len(named) - len(shown)
    return [*shown, f"{what.rstrip(': ')} {more:,} more; --json names all of them"] if more else shown


def _difference(each: Difference) -> str:
    if each.kind == "add":
        return f"add {each.uri}, {each.after:,} characters"
    if each.kind == "remove":
        return f"remove {each.uri}, {each.before:,} characters"
    by = each.after - each.before
    what = [f"{abs(by):,} characters {'more' if by > 0 else 'fewer'}"] * bool(by) + list(each.also)
    return f"change {each.uri}: {', '.join(what)}"
