"""whetstone status and whetstone settings."""

import click


@click.command()
@click.option("--json", "json_output", is_flag=True, help="Print it as JSON.")
def status(json_output: bool) -> None:
    """Show what serves, how much there is, and what waits for a decision."""
    from flows.bootstrap import open_doors
    from flows.ops.overview import overview
    from flows.ops.terminal import as_json, table

    with open_doors() as doors:
        rows = overview(doors).rows()
    if json_output:
        as_json(dict(rows))
    else:
        table("Whetstone", ["", ""], rows)


@click.command()
@click.option("--json", "json_output", is_flag=True, help="Print them as JSON.")
def settings(json_output: bool) -> None:
    """List every setting with its value and meaning. Secrets are not shown."""
    from flows.environment import all_settings
    from flows.ops.terminal import as_json, table

    rows = all_settings()
    if json_output:
        as_json([row._asdict() for row in rows])
    else:
        table("Settings", ["name", "value", "meaning"], [(r.name, r.value, r.meaning) for r in rows])
