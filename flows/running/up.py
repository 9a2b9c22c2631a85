"""whetstone up: the service, the Prefect server and the flow runner on one machine."""

import os
import sys

import click

from flows.environment import flow_settings, prefect_environment, serving_settings
from flows.running.children import Child
from flows.running.readiness import http_ready
from flows.running.supervision import Supervisor
from rag.running.listening import local_url


def run_up() -> int:
    """Start all three, stop them all on Ctrl-C; return the exit status."""
    settings, schedule = serving_settings(), flow_settings()
    api = f"http://127.0.0.1:{schedule.prefect_port}/api"
    service = local_url(settings.host, settings.port)
    environment = {**os.environ, **prefect_environment(settings.home), "PREFECT_API_URL": api}
    whetstone = [sys.executable, "-m", "flows.cli"]
    prefect = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    children = [
        Child(
            name="service",
            command=[*whetstone, "serve"],
            env=environment,
            ready=http_ready(f"{service}/readyz"),
            ready_timeout_s=600,  # the first start distils or backfills
        ),
        Child(
            name="prefect",
            command=[*prefect, "--port", str(schedule.prefect_port)],
            env=environment,
            ready=http_ready(f"{api}/health"),
            ready_timeout_s=180,
        ),
        Child(
            name="flows",
            command=[*whetstone, "flows", "serve"],
            env=environment,
            needs=("prefect", "service"),
        ),
    ]
    click.echo(f"service {service}   flows http://127.0.0.1:{schedule.prefect_port}   Ctrl-C stops all three")
    return Supervisor(children, echo=click.echo).run()
