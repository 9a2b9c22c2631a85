"""whetstone drift: check now, and what checks said before."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.commands.options import ALL_TENANTS, JSON, MOMENT, TENANT, tenant_meant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.bootstrap import Doors
    from monitoring.domain import Alarm, DriftReport


def _place(_context: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """Return where a page goes; refused before anything is checked where there is no such folder."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.absolute().parent}")
    return path


@click.group(invoke_without_command=True)
@click.option(
    "--since",
    type=MOMENT,
    metavar="WHEN",
    help="Compare what was asked since then: a day (2026-03-01) or how long ago (7d, 12h). A look of your own: it is "
    "not kept and raises no alarm.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_place,
    help="Write the report as a page to this file.",
)
@JSON
@TENANT
@ALL_TENANTS
@click.pass_context
def drift(
    context: click.Context,
    since: datetime | None,
    html: Path | None,
    json_output: bool,
    tenant: str | None,
    over_all: bool,
) -> None:
    """Check whether retrieval gets worse, or is about to; say why and what to do.

    Compares the newest questions with those since the last promotion, and recall, index and documents with what they
    were. Exit status 0: no alarm stands; 3: one does.
    """
    if context.invoked_subcommand is not None:
        return
    from flows.bootstrap import open_doors
    from flows.environment import load_flow
    from flows.ops.trigger import retraining_trigger
    from rag.releases.deployed import live_release

    with open_doors() as doors:
        live_release(doors.rag.stores.releases)  # said at once, rather than after Prefect has started
        of = tenant_meant(doors, tenant, over_all=over_all)
    if since is not None:
        _look_since(of, since, html, json_output)
        return
    report_id = load_flow("check_drift", quiet=True)(tenant=of)
    with open_doors() as doors:
        report = doors.monitoring.reports.get(report_id)
        standing = doors.monitoring.alarms.standing(tenant=of)
        _write_page(doors, report, html)
        _print(doors, report, standing, json_output, remarks=(retraining_trigger(doors, report.id).sentence,))
    _exit(bool(standing))


@drift.command()
@click.option("--since", type=MOMENT, metavar="WHEN", help="Since a day (2026-03-01), or how long ago (30d).")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=30, show_default=True, help="Most reports shown."
)
@JSON
@TENANT
@ALL_TENANTS
def history(
    since: datetime | None, limit: int, json_output: bool, tenant: str | None, over_all: bool
) -> None:
    """Show the reports and alarms there were, newest first."""
    from flows.bootstrap import open_doors
    from flows.ops.reported import alarm_rows, history_json, history_rows
    from flows.ops.terminal import as_json, console, table

    with open_doors() as doors:
        of = tenant_meant(doors, tenant, over_all=over_all)
        reports = doors.monitoring.reports.newest(limit, tenant=of, since=since)
        content = history_json(reports, doors.monitoring.alarms.newest(limit, tenant=of), since=since)
        named = {each["id"] for each in content["alarms"]}
        alarms = [each for each in doors.monitoring.alarms.newest(limit, tenant=of) if each.id in named]
    if json_output:
        as_json(content)
        return
    if not reports:
        console().print("There is no report. Make one: `whetstone drift`.")
    else:
        table("Drift reports, newest first", *history_rows(reports))
    if alarms:
        table("Alarms, newest first", *alarm_rows(alarms))


@drift.command()
@click.argument("report")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_place,
    help="Write it as a page to this file.",
)
@JSON
def show(report: str, html: Path | None, json_output: bool) -> None:
    """Show a report again, by its id or the start of it."""
    from flows.bootstrap import open_doors

    with open_doors() as doors:
        found = doors.monitoring.reports.get(report)
        _write_page(doors, found, html)
        _print(doors, found, (), json_output)


@drift.command()
@click.option(
    "--comment",
    prompt="Why is it as it should be",
    help="Why; kept with the alarms that it ends, and in the audit trail.",
)
@TENANT
@ALL_TENANTS
def accept(comment: str, tenant: str | None, over_all: bool) -> None:
    """Say that this is how it is now: the reference begins anew, and the alarms on it end."""
    from flows.bootstrap import open_doors
    from flows.environment import terminal_principal
    from flows.ops.terminal import console

    with open_doors() as doors:
        of = tenant_meant(doors, tenant, over_all=over_all)
        ended = doors.monitoring.accept(tenant=of, principal=terminal_principal(), comment=comment)
    console().print("Accepted. From now on new questions are compared with what is asked from here on.")
    for each in ended:
        console().print(f"  ended: {each.sentence}")


def _look_since(tenant: str, since: datetime, html: Path | None, json_output: bool) -> None:
    from flows.bootstrap import open_doors
    from flows.ops.terminal import progress
    from monitoring.domain import DriftVerdict

    with open_doors() as doors:
        with progress() as shown:
            report = doors.monitoring.look(tenant=tenant, since=since, progress=shown)
        _write_page(doors, report, html)
        _print(
            doors,
            report,
            (),
            json_output,
            remarks=("A look of your own: nothing was kept, and it raises no alarm.",),
        )
    _exit(report.verdict is DriftVerdict.DRIFT)


def _write_page(doors: "Doors", report: "DriftReport", html: Path | None) -> None:
    if html is None:
        return
    page = doors.monitoring.html(report)
    try:
        html.write_text(page, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{html} cannot be written: {error.strerror}") from error


def _print(
    doors: "Doors",
    report: "DriftReport",
    standing: "Sequence[Alarm]",
    json_output: bool,
    *,
    remarks: "Sequence[str]" = (),
) -> None:
    from flows.ops.reported import examples, report_json
    from flows.ops.terminal import as_json, show_drift

    texts = doors.monitoring.texts(examples([report], standing), tenant=report.tenant)
    if json_output:
        as_json(report_json(report, texts, standing))
    else:
        show_drift(report, standing, texts, remarks=remarks)


def _exit(alarmed: bool) -> None:
    from flows.ops.checks import ALARM_STANDS

    if alarmed:
        raise SystemExit(ALARM_STANDS)
