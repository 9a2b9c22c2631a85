"""whetstone drift."""

from pathlib import Path

import click


@click.command()
@click.option("--list", "listing", is_flag=True, help="Show the reports there are instead of making one.")
@click.option("--show", metavar="REPORT", help="Show one report again, by its id or the start of it.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as a page to this file."
)
@click.option("--json", "json_output", is_flag=True, help="Print it as JSON.")
def drift(listing: bool, show: str | None, html: Path | None, json_output: bool) -> None:
    """Compare the newest questions with those before them, and recall with what it was.

    Exit status 0: calm or not enough data; 3: drift.
    """
    from dataclasses import asdict

    from flows.bootstrap import open_doors
    from flows.environment import load_flow
    from flows.ops.checks import DRIFT_FOUND
    from flows.ops.tables import drift_rows
    from flows.ops.terminal import as_json, console, table
    from flows.ops.trigger import retraining_trigger
    from monitoring.domain import DriftVerdict
    from rag.releases.deployed import live_release

    if listing:
        with open_doors() as doors:
            reports = doors.monitoring.reports.newest(50, tenant=doors.monitoring.tenant)
        if json_output:
            as_json([{"id": r.id, "created_at": r.created_at, "verdict": r.verdict} for r in reports])
        else:
            rows = [
                (
                    r.id[:8],
                    f"{r.created_at:%Y-%m-%d %H:%M}",
                    r.verdict,
                    r.reference["count"],
                    r.current["count"],
                )
                for r in reports
            ]
            table("Drift reports", ["id", "made", "verdict", "reference", "current"], rows)
        return

    fresh = show is None
    if show is None:
        with open_doors() as doors:
            live_release(doors.rag.stores.releases)  # said at once, rather than after Prefect has started
        show = load_flow("check_drift", quiet=True)()
    with open_doors() as doors:
        report = doors.monitoring.reports.get(show)
        if html is not None:
            html.write_text(doors.monitoring.html(report), encoding="utf-8")
        trigger = retraining_trigger(doors, report.id) if fresh else None
    if json_output:
        as_json({k: v for k, v in asdict(report).items() if k != "snapshot"})
    else:
        table(f"Drift report {report.id[:8]}: {report.verdict}", *drift_rows(report))
        for finding in report.findings:
            console().print(f"  {finding.name}: {finding.reason}")
        for window in (report.reference, report.current):
            # Reports from before this was logged do not have it.
            if unknown := window.get("language_unknown"):
                console().print(
                    f"  {window['name']} window: {unknown} of {window['count']} questions are in a language that the "
                    "encoder does not know."
                )
        if trigger is not None:
            console().print(f"  {trigger.sentence}")
        if html is not None:
            console().print(f"written to {html}")
    if report.verdict is DriftVerdict.DRIFT:
        raise SystemExit(DRIFT_FOUND)
