"""whetstone ingest."""

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--prune", is_flag=True, help="Remove documents of the same PATH that are no longer there.")
@click.option("--force", is_flag=True, help="With --prune: remove them even where more than half are gone.")
@click.option("--id-field", help="CSV/JSON field that names a record. Default: id.")
@click.option("--title-field", help="CSV/JSON field of the title. Default: title, or what is like it.")
@click.option(
    "--text-field",
    help="CSV/JSON field of the text. Default: text, content, body or answer; else all fields.",
)
@click.option("--json", "json_output", is_flag=True, help="Print the summary as JSON.")
def ingest(
    paths: tuple[str, ...],
    prune: bool,
    force: bool,
    id_field: str | None,
    title_field: str | None,
    text_field: str | None,
    json_output: bool,
) -> None:
    """Read documents: files, folders, BEIR folders, or the word python-docs.

    Markdown, text, HTML, PDF, DOCX, CSV, JSON and JSONL. Running it again reads only what changed. It works while
    the service runs, which then has the changes within a second, and while it does not.
    """
    from dataclasses import asdict

    from flows.bootstrap import open_doors
    from flows.ops.terminal import as_json, console, progress, table
    from rag.library.documents import FieldNames

    fields = FieldNames(id=id_field, title=title_field, text=text_field)
    with open_doors() as doors, progress() as show:
        reports = [
            (path, doors.rag.ingest(path, prune=prune, force=force, fields=fields, progress=show))
            for path in paths
        ]

    if json_output:
        as_json([{"path": path, **asdict(report)} for path, report in reports])
    else:
        table(
            "Documents",
            ["path", "added", "changed", "unchanged", "removed", "failed", "passages", "seconds"],
            [
                (p, r.added, r.changed, r.unchanged, r.removed, len(r.failed), r.passages, f"{r.seconds:.1f}")
                for p, r in reports
            ],
        )
        for _, report in reports:
            for failure in report.failed:
                console(stderr=True).print(f"not read: {failure.uri}: {failure.reason}")
        for path, report in reports:
            if report.spared:
                console(stderr=True).print(
                    f"{path}: {report.spared} documents are gone there, which is more than half of them; nothing was "
                    "removed. If that is right, add --force."
                )
    if any(report.failed or report.spared for _, report in reports):
        raise SystemExit(1)
