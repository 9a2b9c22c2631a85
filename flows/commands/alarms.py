"""whetstone alarms: what stands, who knows of it, and ending it."""

import click

from flows.commands.options import JSON, TENANT


@click.group(invoke_without_command=True)
@click.option(
    "--all", "everything", is_flag=True, help="Those of every tenant, and those that have ended too."
)
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Most alarms shown."
)
@JSON
@TENANT
@click.pass_context
def alarms(
    context: click.Context, everything: bool, limit: int, json_output: bool, tenant: str | None
) -> None:
    """Show the alarms that stand: what is wrong, since when, and what to do.

    Exit status 0: none of them stands; 3: one does.
    """
    if context.invoked_subcommand is not None:
        return
    from flows.bootstrap import open_doors
    from flows.ops.checks import ALARM_STANDS
    from flows.ops.reported import alarm_json, alarm_rows, examples
    from flows.ops.terminal import as_json, console, table

    with open_doors() as doors:
        store, of = doors.monitoring.alarms, tenant or doors.monitoring.tenant
        found = store.newest(limit, tenant=tenant) if everything else store.standing(tenant=of)[:limit]
        texts = doors.monitoring.texts(examples([], found), tenant=of)
    if json_output:
        as_json([alarm_json(each, texts) for each in found])
    elif found:
        table("Alarms", *alarm_rows(found))
    else:
        console().print("No alarm stands." if not everything else "There was no alarm yet.")
    if any(each.standing for each in found):
        raise SystemExit(ALARM_STANDS)


@alarms.command()
@click.argument("alarm")
@click.option("--comment", default="", help="Kept with the alarm.")
@TENANT
def acknowledge(alarm: str, comment: str, tenant: str | None) -> None:
    """Say that you know of an alarm, by its id or the start of it; it goes on standing."""
    from flows.bootstrap import open_doors
    from flows.environment import terminal_principal
    from flows.ops.terminal import console

    with open_doors() as doors:
        known = doors.monitoring.acknowledge(
            alarm,
            tenant=tenant or doors.monitoring.tenant,
            principal=terminal_principal(),
            comment=comment,
        )
    console().print(f"Acknowledged by {known.acknowledged_by}: {known.sentence}", soft_wrap=True)


@alarms.command()
@click.argument("alarm")
@click.option("--comment", required=True, help="Why it is as it should be; kept with the alarm.")
@TENANT
def end(alarm: str, comment: str, tenant: str | None) -> None:
    """End an alarm, by its id or the start of it: it is as it should be."""
    from flows.bootstrap import open_doors
    from flows.environment import terminal_principal
    from flows.ops.terminal import console

    with open_doors() as doors:
        ended = doors.monitoring.end(
            alarm,
            tenant=tenant or doors.monitoring.tenant,
            principal=terminal_principal(),
            comment=comment,
        )
    console().print(f"Ended: {ended.sentence}", soft_wrap=True)
    console().print(
        "  Where questions have changed for good, `whetstone drift accept` makes them the reference."
    )
