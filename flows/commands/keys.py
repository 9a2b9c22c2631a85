"""whetstone keys."""

import re
from datetime import timedelta

import click

from rag.domain.access import MAX_CONCURRENT, MAX_REQUESTS_PER_MINUTE

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=36_500)


class Duration(click.ParamType[timedelta]):
    """A time like 90d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the time that a text says."""
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is no time; write 30m, 12h, 90d or 52w.", param, ctx)
        given = timedelta(**{_UNITS[match[2]]: int(match[1])})
        if given > _LONGEST:
            self.fail(
                f"{value!r} is more than a hundred years; leave it out for a key without an end.", param, ctx
            )
        return given


@click.group()
def keys() -> None:
    """Make, list and revoke API keys.

    As long as there is none, the service listens on loopback only and asks for none. A key has the roles it was made
    with, none of which implies another: reader asks and gives feedback, editor writes documents, operator watches
    and checks drift, approver approves, promotes and rolls back, admin makes keys. The last three hold for the whole
    installation, so only keys of its own tenant have them.
    """


@keys.command()
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(["reader", "editor", "operator", "approver", "admin"]),
    help="What the key may be used for. May be repeated.",
)
@click.option(
    "--tenant", help="Whose documents it is for. Default: the installation's own (WHETSTONE_TENANT)."
)
@click.option("--name", default="", help="What it is for, in your words.")
@click.option(
    "--expires-in", type=Duration(), metavar="TIME", help="E.g. 12h or 90d. Default: it does not expire."
)
@click.option(
    "--requests-per-minute",
    type=click.IntRange(1, MAX_REQUESTS_PER_MINUTE),
    help="Default: as the settings say.",
)
@click.option(
    "--concurrent",
    type=click.IntRange(1, MAX_CONCURRENT),
    help="Requests at once. Default: as the settings say.",
)
def create(
    roles: tuple[str, ...],
    tenant: str | None,
    name: str,
    expires_in: timedelta | None,
    requests_per_minute: int | None,
    concurrent: int | None,
) -> None:
    """Make a key and print it, this once, on standard output; what is to be said about it goes to standard error."""
    from flows.environment import serving_settings, terminal_principal
    from rag.access.keys import FIRST_KEY_NOTE
    from rag.bootstrap import open_keys
    from rag.domain import Role, utcnow

    with open_keys(serving_settings()) as register:
        new = register.create(
            roles=[Role(role) for role in roles],
            principal=terminal_principal(),
            tenant=tenant,
            name=name,
            expires_at=utcnow() + expires_in if expires_in else None,
            requests_per_minute=requests_per_minute,
            concurrent=concurrent,
        )
    click.echo(new.token)
    click.echo(f"Key {new.key.id} of tenant {new.key.tenant}. It is shown this once: keep it now.", err=True)
    if new.first:
        click.echo(FIRST_KEY_NOTE, err=True)


@keys.command("list")
@click.option("--json", "json_output", is_flag=True, help="Print them as JSON.")
def list_keys(json_output: bool) -> None:
    """List all keys, newest first, without their secrets."""
    from flows.environment import serving_settings
    from flows.ops.tables import key_rows
    from flows.ops.terminal import as_json, table
    from rag.access.keys import describe
    from rag.bootstrap import open_keys
    from rag.domain import utcnow

    now = utcnow()
    with open_keys(serving_settings()) as register:
        known = register.all()
    if json_output:
        as_json([describe(key, now) for key in known])
    elif known:
        table("Keys", *key_rows(known, now))
    else:
        click.echo("There are no keys, so the service listens on loopback only and asks for none.")


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Revoke a key for good; running services turn it away within two seconds."""
    from flows.environment import serving_settings, terminal_principal
    from rag.bootstrap import open_keys

    with open_keys(serving_settings()) as register:
        key = register.revoke(key_id, principal=terminal_principal())
    click.echo(f"revoked: {key.id}" + (f" ({key.name})" if key.name else ""))
