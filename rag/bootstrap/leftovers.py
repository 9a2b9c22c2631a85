"""What a database leaves behind in the home folder. Beside an empty database it tells that another was lost."""

from pathlib import Path

from rag.adapters.sql.stores import Leftovers

KEYS_REQUIRED = "keys.required"
"""Name of the file that says that a key was made."""

_OF_TABLES = ("keys.secret", "approval.key")
"""Made by commands that have opened the database, even where it holds nothing yet."""

_OF_ROWS = (KEYS_REQUIRED, "indexes/*", "datasets/*", "spool/*")
"""Made once the database holds a key or a release. Encoders are not: people put them there beforehand."""


def leftovers(home: Path) -> Leftovers:
    """Return what earlier databases left in the home; look before the database is opened."""
    return Leftovers(home=home, of_tables=_found(home, _OF_TABLES), of_rows=_found(home, _OF_ROWS))


def _found(home: Path, patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        pattern.removesuffix("*")
        for pattern in patterns
        if any(not path.name.startswith(".") for path in home.glob(pattern))
    )
