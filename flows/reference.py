"""Writes the reference pages that follow from the code: docs/settings.md and docs/cli.md (`make docs`)."""

import json
from pathlib import Path

import click
from pydantic_core import PydanticUndefined

from flows.cli import Sections, cli
from flows.environment import SETTINGS, variable

DOCS = Path(__file__).parent.parent / "docs"


def settings_page() -> str:
    """Return the page of all settings, Markdown."""
    lines = [
        "# Settings",
        "",
        "Every setting is an environment variable, or a line of a `.env` file in the working directory; the",
        "environment goes first, and an empty value counts as unset. `whetstone settings` shows the values in force.",
        "",
        "This page is written from the code by `make docs`.",
    ]
    for kind in SETTINGS:
        prefix = str(kind.model_config.get("env_prefix", ""))
        lines += ["", f"## `{prefix}…`", "", (kind.__doc__ or "").partition(",")[0] + ".", ""]
        lines += ["| setting | default | meaning |", "|---|---|---|"]
        for name, field in kind.model_fields.items():
            default = "" if field.default in (None, (), PydanticUndefined) else f"`{_written(field.default)}`"
            lines.append(f"| `{variable(kind, name)}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _written(default: object) -> str:
    """Return a value as the environment would have it: a list is JSON there."""
    return json.dumps(default) if isinstance(default, tuple) else str(default)


def cli_page() -> str:
    """Return the page of all commands, Markdown."""
    lines = [
        "# Command line",
        "",
        "One command, `whetstone`. Exit status: 0 done, 1 failed, 2 wrong usage or input, 3 an alarm stands (`drift`,",
        "`alarms`), 130 interrupted. Errors are one line on standard error.",
        "",
        "This page is written from the code by `make docs`.",
    ]
    for heading, commands in Sections.sections:
        lines += ["", f"## {heading}"]
        for command in commands:
            lines += _command(command, click.Context(cli, info_name="whetstone", **cli.context_settings))
    return "\n".join(lines) + "\n"


def _command(command: click.Command, parent: click.Context) -> list[str]:
    context = click.Context(
        command, info_name=command.name, parent=parent, max_content_width=100, terminal_width=100
    )
    lines = ["", f"### {context.command_path}", "", "```text", command.get_help(context), "```"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            lines += _command(command.commands[name], context)
    return lines


def write() -> None:
    """Write both pages."""
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")
    (DOCS / "cli.md").write_text(cli_page(), encoding="utf-8")


if __name__ == "__main__":
    write()
