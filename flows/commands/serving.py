"""whetstone serve and whetstone up."""

import click


@click.command()
@click.option("--host", help="Address to listen on (WHETSTONE_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for any (WHETSTONE_PORT).")
def serve(host: str | None, port: int | None) -> None:
    """Answer questions over HTTP.

    Loads the live release, follows document changes and release switches without a restart, and stops on Ctrl-C.
    """
    from flows.ops.operations import serve_api

    serve_api(host=host, port=port)


@click.command()
def up() -> None:
    """Run the service, the Prefect server and the flow runner together on this machine.

    Stops them all, cleanly, on Ctrl-C.
    """
    from flows.running.up import run_up

    raise SystemExit(run_up())
