"""whetstone flows."""

import click


@click.group()
def flows() -> None:
    """Run the flows on a schedule through a Prefect server."""


@flows.command("serve")
def serve_flows() -> None:
    """Register the flows with the Prefect server at PREFECT_API_URL and run what it schedules."""
    from flows.running.runner import serve_deployments

    serve_deployments()


@flows.command("list")
def list_flows() -> None:
    """Show the flows with their schedules and triggers."""
    from flows.ops.terminal import table
    from flows.running.runner import schedule_table

    table("Flows", ["flow", "runs", "what it does"], schedule_table())


@flows.command("sync")
def sync() -> None:
    """Ingest what WHETSTONE_FLOWS_SYNC_PATHS names, now."""
    from flows.environment import load_flow

    load_flow("sync_documents", quiet=True)()
