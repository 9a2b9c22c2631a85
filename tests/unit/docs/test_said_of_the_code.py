"""What the pages say of the code is so: commands, routes, formats, errors, roles, findings, messages, scripts."""

import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest
from pydantic import TypeAdapter

from flows.cli import cli
from rag import errors
from rag.adapters.qdrant.index import MOST_RANGES
from rag.adapters.readers import FORMATS
from rag.api.wire import filters
from rag.api.wire.texts import LONGEST_TITLE, LONGEST_URI
from rag.domain import Role
from rag.domain.documents import MAX_URI
from rag.domain.filters import BOUNDS
from rag.domain.metadata import MAX_METADATA, MAX_NAME, MAX_NAMES, MAX_VALUE
from rag.library.documents import MAX_TITLE

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
BENCHMARKS = ROOT / "benchmarks"

ONLY_INSIDE = {errors.PortInUse}
"""Errors that no request can meet."""


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _shell(page: Path) -> Iterator[list[str]]:
    """Yield the words of every command in a page's shell blocks, without what only the shell reads."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            reader = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
            reader.whitespace_split = True
            command: list[str] = []
            for word in reader:
                if set(word) <= set(";&|"):
                    yield command
                    command = []
                else:
                    command.append(word)
            yield command


def _accept(words: list[str], *, whole: bool) -> None:
    """Raise where `whetstone` does not take the words; a path in them need not exist.

    Args:
        words: what follows the command's name.
        whole: whether what is missing counts: prose names commands without their arguments.

    Raises:
        click.UsageError: it does not.
    """
    command: click.Command = cli
    # With its settings, or click would remember another help option for the tests that come after.
    context = click.Context(cli, info_name="whetstone", **cli.context_settings)
    while isinstance(command, click.Group):
        if not words or words == ["--help"]:
            return
        if command.invoke_without_command and words[0].startswith("-"):
            break  # options of its own
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
        context = click.Context(command, info_name=name, parent=context)
    if not whole:
        command.make_parser(context).parse_args(list(words))
        return
    try:
        command.make_context(context.info_name, list(words), parent=context.parent)
    except click.exceptions.Exit:
        return  # --help
    except click.BadParameter as error:
        if isinstance(error, click.MissingParameter) or not isinstance(
            error.param and error.param.type, click.Path
        ):
            raise


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_in_shell_blocks_are_accepted(page: Path) -> None:
    """Every `whetstone ...` in a shell block is one that the command line takes, with its options and arguments."""
    for words in _shell(page):
        while words and re.fullmatch(r"\w+=.*", words[0], re.DOTALL):
            words = words[1:]
        if "exec" in words and "flows" in words:
            words = words[words.index("flows") + 1 :]
        if words[:1] == ["whetstone"]:
            _accept(words[1 : words.index("<")] if "<" in words else words[1:], whole="<" not in words)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_in_prose_exist(page: Path) -> None:
    """Every `whetstone ...` in a sentence names a command and options that there are."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`([^`]+)`", prose):
        for part in code.split("&&"):
            if re.match(r"\s*whetstone\s+(?!\.\.\.)", part):
                _accept(shlex.split(part)[1:], whole=False)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_make_targets_exist(page: Path) -> None:
    """Every `make ...` that a page tells to run is a target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shell = {words[1] for words in _shell(page) if words[:1] == ["make"] and len(words) > 1}
    assert shell | set(re.findall(r"`make ([a-z-]+)", page.read_text())) <= targets


def _routes() -> list[tuple[str, re.Pattern[str]]]:
    """Return what the table of docs/http-api.md has; another test holds it against the service."""
    lines = re.findall(
        r"^\| `(GET|POST|PUT|DELETE) (/\S*)` \|", (DOCS / "http-api.md").read_text(), re.MULTILINE
    )
    return [(method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for method, path in lines]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_routes_named_elsewhere_are_in_the_table(page: Path) -> None:
    """Every route in a sentence, and every address that curl is given, is one of the API's."""
    routes = _routes()
    for method, path in re.findall(r"`(GET|POST|PUT|DELETE)\s+(/[^\s`]*)`", page.read_text()):
        assert any(method == known and shape.fullmatch(path) for known, shape in routes), f"{method} {path}"
    for words in _shell(page):
        addresses = " ".join(words) if words[:1] == ["curl"] else ""
        for path in re.findall(r"http://127\.0\.0\.1:8321(/[^\s?]*)", addresses):
            assert any(shape.fullmatch(path) for _, shape in routes), path


def test_formats() -> None:
    """docs/documents.md and the index of the formats have every file ending that is read, and no other."""
    table = (DOCS / "documents.md").read_text().partition("## Formats")[2].partition("\n## ")[0]
    index = (DOCS / "formats" / "README.md").read_text().partition("\n## ")[0]
    assert set(re.findall(r"`(\.\w+)`", table)) == set(FORMATS)
    assert set(re.findall(r"`(\.\w+)`", index)) == set(FORMATS)


def test_decisions() -> None:
    """Each decision has a number of its own, the next one, and its title begins with it."""
    pages = sorted((DOCS / "decisions").glob("*.md"))
    titles = [page.read_text().partition("\n")[0].split()[1] for page in pages]
    assert titles == [page.name[:4] for page in pages] == [f"{each:04}" for each in range(1, len(pages) + 1)]


def test_errors() -> None:
    """docs/http-api.md has every error that a request can meet, beside its status."""
    table = (DOCS / "http-api.md").read_text().partition("## Errors")[2]
    rows = re.findall(r"^\| ([\d, ]+) \| ([^|]+) \|", table, re.MULTILINE)
    said = {
        (code, status)
        for statuses, codes in rows
        for code in re.findall(r"`(\w+)`", codes)
        for status in statuses.split(", ")
    }
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.WhetstoneError) and kind not in ONLY_INSIDE
    ]
    assert {(kind.code(), str(kind.status)) for kind in kinds} <= said
    # FastAPI's own refusals besides.
    assert {code for code, _ in said} - {kind.code() for kind in kinds} == {
        "invalid_request",
        "method_not_allowed",
    }


def test_limits_of_documents() -> None:
    """docs/http-api.md has the limits of what is said about a document, over HTTP and beyond."""
    table = (DOCS / "http-api.md").read_text().partition("## Limits of a request")[2]
    said = {
        what: [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", limits)]
        for what, limits in re.findall(r"^\| a document's (\w+)[^|]*\|([^|]+)\|", table, re.MULTILINE)
    }
    assert said == {
        "uri": [LONGEST_URI, MAX_URI],
        "title": [LONGEST_TITLE, MAX_TITLE],
        "metadata": [MAX_NAMES, MAX_NAME, MAX_VALUE, MAX_METADATA],
    }


def test_limits_of_filters() -> None:
    """docs/http-api.md has the limits of a filter."""
    (row,) = re.findall(r"^\| a filter \|([^|]+)\|", (DOCS / "http-api.md").read_text(), re.MULTILINE)
    said = [int(number) for number in re.findall(r"\d+", row)]
    assert said == [filters.MAX_NAMES, filters.MAX_NAME, filters.MAX_VALUES, filters.MAX_VALUE]


def test_filters() -> None:
    """docs/filtering.md has filters that are taken, ranges as they are, and the number of names that are indexed."""
    page = (DOCS / "filtering.md").read_text()
    table = page.partition("## What can be asked for")[2].partition("### ")[0]
    examples = re.findall(r"`(\{[^`]*\})`", table)
    assert len(examples) >= 7
    for example in examples:
        TypeAdapter(filters.Filter).validate_json(example)
    assert set(re.findall(r"`(\w+)` \(", page.partition("### Ranges")[2].partition("\n- ")[0])) == set(BOUNDS)
    assert f"up to {MOST_RANGES} names" in page


def test_what_is_backed_up() -> None:
    """The commands of docs/backup.md copy what its first table says, and nothing that its second one leaves out."""
    page = (DOCS / "backup.md").read_text()
    copied, left_out = (
        re.findall(r"^\| [^|`]+ \| (`[^|]+) \| ([^|]+) \|", part, re.MULTILINE)
        for part in page.partition("## Restore")[0].partition("The copy holds:")[2].split("It leaves out")
    )
    home = re.search(r"^tar -C var -c (.+) \. > home\.tar$", page, re.MULTILINE)
    volume = re.search(
        r"^\$compose .+ tar -C /data -c --ignore-failed-read (.+) > home\.tar$", page, re.MULTILINE
    )
    assert home is not None
    assert volume is not None
    excluded = [word.removeprefix("--exclude=./") for word in shlex.split(home[1])]

    def embedded(rows: list[tuple[str, str]]) -> list[str]:
        return re.findall(r"`var/([^`]+)`", " ".join(names for names, _ in rows))

    def taken(name: str) -> bool:
        return not any(fnmatch(name, pattern) for pattern in excluded)

    assert [name for name in embedded(copied) if not taken(name)] == ["whetstone.sqlite"]
    assert 'sqlite3 var/whetstone.sqlite ".backup' in page
    assert [name for name in embedded(left_out) if taken(name)] == []
    in_volume = [row for row in copied if row[1].startswith("the same")]
    assert volume[1].split() == embedded(in_volume)


def test_roles() -> None:
    """docs/http-api.md explains every role, and no other."""
    keys = (DOCS / "http-api.md").read_text().partition("## Keys")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", keys, re.MULTILINE)) == set(Role)


def test_findings() -> None:
    """docs/drift.md explains findings that monitoring makes."""
    page = (DOCS / "drift.md").read_text().partition("## The findings")[2].partition("\n## ")[0]
    code = _source("monitoring")
    named = re.findall(r"^\| `(\w+)(?:@k)?` \|", page, re.MULTILINE)
    assert len(named) >= 4
    assert [name for name in named if name not in code] == []


def test_messages() -> None:
    """Messages that docs/getting-started.md helps with are ones that the program says."""
    table = (DOCS / "getting-started.md").read_text().partition("## When something is wrong")[2]
    code = _source("rag", "retrain", "monitoring", "flows")
    for message in re.findall(r"^\| `([^`]+)`", table, re.MULTILINE):
        for part in re.split(r"…|127\.0\.0\.1:8321", message):
            assert part in code, part


def _source(*packages: str) -> str:
    """Return the packages' code, strings that go over several lines joined."""
    files = (path for package in packages for path in sorted((ROOT / package).rglob("*.py")))
    return re.sub(r"\"\s*\n\s*f?\"", "", "\n".join(path.read_text() for path in files))


def test_benchmarks_have_a_verdict_and_a_script() -> None:
    """Each line of the table says whether its goal is met, and every script with a claim is in it."""
    table = (DOCS / "benchmarks.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    claims = [row for row in rows[1:] if len(row) == 5]
    assert len(claims) > 30
    for row in claims:
        assert re.search(r"\bmet\b|missed|not shown|not run", row[3]), row
        assert re.fullmatch(r"`benchmarks/\w+\.py`|`make demo [^`]+`", row[4]), row
    with_claims = {path.name for path in BENCHMARKS.glob("*.py") if re.match(r'r?"""Claim', path.read_text())}
    assert with_claims == {name for row in claims for name in re.findall(r"benchmarks/(\w+\.py)", row[4])}


@pytest.mark.parametrize("page", sorted((DOCS / "benchmarks").glob("*.md")), ids=_name)
def test_benchmarks_are_called_with_options_that_there_are(page: Path) -> None:
    """Every script a page runs is there and knows the options it is given."""
    for words in _shell(page):
        if words[:1] == ["python"]:
            code = _with_imports(ROOT / words[1])
            assert [word for word in words if word.startswith("--") and f'"{word}"' not in code] == [], words


def _with_imports(script: Path) -> str:
    """Return a benchmark's code with that of the modules beside it that it takes options from."""
    code = script.read_text()
    beside = re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)
    return "\n".join(
        [code, *(path.read_text() for name in beside if (path := BENCHMARKS / f"{name}.py").exists())]
    )
