"""whetstone status and whetstone settings."""

import click


@click.command()
@click.option("--json", "json_output", is_flag=True, help="Print it as JSON.")
def status(json_output: bool) -> None:
    """Show what serves, how much there is, and what waits for a decision."""
    from flows.bootstrap import open_pipelines
    from flows.commands.console import as_json, table
    from flows.ops.overview import state_of

    with open_pipelines() as pipelines:
        state = state_of(pipelines)
    if json_output:
        as_json(state)
    else:
        table("Whetstone", ["", ""], list(state.items()))


@click.command()
@click.option("--json", "json_output", is_flag=True, help="Print them as JSON.")
def settings(json_output: bool) -> None:
    """List every setting with its value and meaning. Secrets are not shown."""
    from flows.commands.console import as_json, table
    from flows.environment import all_settings

    rows = all_settings()
    if json_output:
        as_json(
            [{"name": r.name, "value": r.value, "default": r.default, "meaning": r.meaning} for r in rows]
        )
    else:
        table("Settings", ["name", "value", "meaning"], [(r.name, r.value, r.meaning) for r in rows])
