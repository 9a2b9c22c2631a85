"""The one command: whetstone.

Only click is imported here and at the top of the command modules; what a command needs (torch, Prefect, Evidently)
it imports when it runs, so that ``whetstone --help`` answers at once.
"""

import sys

import click

from flows.commands import (
    alarms,
    demo,
    documents,
    drift,
    flow_runner,
    keys,
    promotion,
    questions,
    retraining,
    serving,
    status,
)
from rag.errors import InvalidInput, WhetstoneError


class Sections(click.Group):
    """A group whose help lists the commands under headings, in the order of the loop."""

    sections: tuple[tuple[str, tuple[click.Command, ...]], ...] = (
        ("Try it", (demo.demo,)),
        ("Serve", (serving.serve, serving.up, status.status, status.settings)),
        ("Documents and questions", (documents.ingest, questions.ask, questions.label)),
        ("Watch", (questions.questions, drift.drift, alarms.alarms)),
        ("Improve", (retraining.retrain, retraining.candidates, retraining.approve, retraining.reject)),
        ("Switch", (promotion.promote, promotion.rollback, promotion.threshold, promotion.collect)),
        ("Keys", (keys.keys,)),
        ("Schedule", (flow_runner.flows,)),
    )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        """Write one block for each section."""
        for heading, commands in self.sections:
            with formatter.section(heading):
                formatter.write_dl([(c.name or "", c.get_short_help_str(limit=90)) for c in commands])


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="whetstone", message="%(prog)s %(version)s")
def cli() -> None:
    """Whetstone: a RAG service that keeps its own retrieval sharp.

    Settings come from the environment (WHETSTONE_...) or a .env file; `whetstone settings` lists them.
    """


for _heading, _commands in Sections.sections:
    for _command in _commands:
        cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; each known error becomes one line on standard error.

    Exit status: 0 done, 1 failed, 2 wrong usage or input, 3 an alarm stands, 130 interrupted.
    """
    try:
        code = cli.main(arguments, prog_name="whetstone", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("whetstone: interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2 if isinstance(error, click.UsageError) else 1)
    except WhetstoneError as error:
        click.echo(f"whetstone: {error}", err=True)
        sys.exit(2 if isinstance(error, InvalidInput) else 1)
    except BrokenPipeError:
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
