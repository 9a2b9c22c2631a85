"""whetstone ingest."""

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--strict", is_flag=True, help="Take a document that is read in part for one that is not read.")
@click.option("--dry-run", is_flag=True, help="Show what would be added, changed and removed; write nothing.")
@click.option(
    "--reread", is_flag=True, help="Read unchanged files again, e.g. after an upgrade of the readers."
)
@click.option("--prune", is_flag=True, help="Remove documents of the same PATH that are no longer there.")
@click.option("--force", is_flag=True, help="With --prune: remove them even where more than half are gone.")
@click.option("--id-field", help="CSV/JSON field that names a record. Default: id.")
@click.option("--title-field", help="CSV/JSON field of the title. Default: title, or what is like it.")
@click.option(
    "--text-field",
    help="CSV/JSON field of the text. Default: text, content, body or answer; else all fields.",
)
@click.option("--json", "json_output", is_flag=True, help="Print the report as JSON, with all that is named.")
def ingest(
    paths: tuple[str, ...],
    strict: bool,
    dry_run: bool,
    reread: bool,
    prune: bool,
    force: bool,
    id_field: str | None,
    title_field: str | None,
    text_field: str | None,
    json_output: bool,
) -> None:
    """Read documents: files, folders, BEIR folders, or the word python-docs.

    Files that are as they were when they were last read are not read again. A run that was broken off is finished by
    the next one. It works while the service runs, which then has the changes within a second, and while it does not.

    The exit status is 0 where everything was read, also where some of it was read in part, which is named; with
    --strict that is a failure, and so is a file of a kind that is not known. It is 1 where something was not read.
    """
    import os
    from dataclasses import asdict

    from flows.bootstrap import open_doors
    from flows.ops.ingested import has_failed, show_reports
    from flows.ops.terminal import as_json, progress
    from rag.errors import WhetstoneError
    from rag.library.documents import FieldNames
    from rag.library.syncing import SyncReport

    fields = FieldNames(id=id_field, title=title_field, text=text_field)
    how = {"prune": prune, "force": force, "strict": strict, "dry_run": dry_run, "reread": reread}
    # One that is named twice is read once.
    once = {path and os.path.abspath(path): path for path in paths}.values()  # noqa: PTH100 - links stay
    reports: list[tuple[str, SyncReport]] = []
    try:
        with open_doors() as doors, progress() as show:
            for path in once:
                reports.append((path, doors.rag.ingest(path, fields=fields, progress=show, **how)))
    except WhetstoneError:
        # What was read before is told all the same.
        if reports and not json_output:
            show_reports(reports)
        raise
    except KeyboardInterrupt:
        click.echo("stopped; what was written so far stays, and the next run goes on from there", err=True)
        raise
    if json_output:
        as_json([{"path": path, **asdict(report)} for path, report in reports])
    else:
        show_reports(reports)
    if has_failed(report for _, report in reports):
        raise SystemExit(1)
