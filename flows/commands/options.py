"""Options that commands share: whose questions, since when, JSON."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flows.bootstrap import Doors

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,5})([mhdw])")


class Moment(click.ParamType[datetime]):
    """A day or time in ISO format, UTC unless it says otherwise, or how long ago: 90m, 12h, 7d, 2w."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, aware; the command fails where the text is none or is in the future."""
        if isinstance(value, datetime):
            return value
        now = datetime.now(UTC)
        try:
            if ago := _AGO.fullmatch(value.strip()):
                return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            moment = datetime.fromisoformat(value.strip())
            moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no moment; give a day (2026-03-01), a time (2026-03-01T08:00) or 12h, 7d, 2w",
                param,
                ctx,
            )
        if moment > now:
            self.fail(f"{value!r} is in the future", param, ctx)
        return moment


MOMENT = Moment()

JSON = click.option("--json", "json_output", is_flag=True, help="Print it as JSON.")
TENANT = click.option("--tenant", help="Whose questions. Default: WHETSTONE_TENANT.")
ALL_TENANTS = click.option("--all", "over_all", is_flag=True, help="Those of all tenants together.")


def tenant_meant(doors: "Doors", tenant: str | None, *, over_all: bool) -> str:
    """Return whose questions are meant; UsageError where one tenant and all of them are named."""
    from monitoring.domain import ALL_TENANTS as EVERY

    if over_all and tenant not in (None, EVERY):
        raise click.UsageError("--tenant names one tenant and --all means all of them; give one of the two")
    return EVERY if over_all else (tenant or doors.monitoring.tenant)
