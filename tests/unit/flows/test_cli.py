"""The command line: quick to answer, clear about what is wrong."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from flows.cli import Sections, cli, main
from rag.adapters.models.encoders import EncoderFolder
from rag.bootstrap import open_serving
from rag.domain import Document
from rag.settings import Settings


def run(*arguments: str, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a home of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        env={"PATH": "/usr/bin:/bin", "WHETSTONE_HOME": str(home), **settings},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_command_stands_in_a_section() -> None:
    """The help shows every command, and each once."""
    shown = [command.name or "" for _, commands in Sections.sections for command in commands]

    assert sorted(shown) == sorted(cli.commands)


def test_help_answers_at_once() -> None:
    """`whetstone --help` takes less than half a second, the best of three runs."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "flows.cli", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)

    assert min(seconds) < 0.5


def test_help_imports_nothing_heavy() -> None:
    """Neither torch nor Prefect nor Evidently nor pandas is imported for the help."""
    code = "import sys, flows.cli; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert not {"torch", "prefect", "evidently", "pandas", "fastapi", "sqlalchemy"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["ingest", "nowhere.md"], 1, "nowhere.md"),
        (["ingest", "thing.xyz"], 2, ".xyz"),
        (["ingest", ""], 2, "no location"),
        (["keys", "create", "--role", "reader", "--concurrent", "9" * 20], 2, "--concurrent"),
        (["ingest"], 2, "PATH"),
        (["candidates", "abcd1234"], 1, "abcd1234"),
        (["approve", "abcd1234"], 1, "abcd1234"),
        (["rollback"], 1, "live"),
        (["threshold", "0.6"], 1, "whetstone serve"),
        (["threshold", "much"], 2, "much"),
        (["threshold", "--", "-0.2"], 2, "probability"),
        (["drift"], 1, "whetstone serve"),
        (["retrain"], 1, "whetstone serve"),
        (["drift", "show", "abcd1234"], 1, "abcd1234"),
        (["label", "."], 1, "queries.jsonl"),
        (["demo", "--once", "--dataset", "."], 2, "corpus.jsonl"),
        (["demo", "--once", "--dataset", "hub:qiaojin/PubMedQA"], 1, "HF_HUB_OFFLINE"),
        (["demo", "--once", "--dataset", "hub:some/other"], 2, "BEIR"),
        (["no-such-command"], 2, "no-such-command"),
    ],
)
def test_bad_input_gives_one_clear_line(tmp_path: Path, arguments: list[str], status: int, said: str) -> None:
    """The status tells what kind of failure it was, the line names the thing, and there is no traceback."""
    (tmp_path / "thing.xyz").write_text("?")
    done = run(*arguments, home=tmp_path, HF_HUB_OFFLINE="1")

    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WHETSTONE_PORT", "no number"),
        ("WHETSTONE_TOP_K", "0"),
        ("WHETSTONE_THRESHOLD", "-0.35"),
        ("WHETSTONE_THRESHOLD", "1.5"),
        ("WHETSTONE_DRIFT_FALSE_ALARM_MONTHS", "0"),
        ("WHETSTONE_RETRAIN_LANE", "fast"),
        ("WHETSTONE_APPROVAL_TTL_H", "0"),
        ("WHETSTONE_FLOWS_SYNC_EVERY_MIN", "-1"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    """A setting that cannot be used is named, with the reason, on one line."""
    done = run("settings", home=tmp_path, **{name: value})

    assert done.returncode == 2
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_cosine_is_no_threshold_any_more(tmp_path: Path) -> None:
    """Whoever set one before thresholds were probabilities reads what to set now."""
    done = run("settings", home=tmp_path, WHETSTONE_THRESHOLD="-1")

    assert (
        "WHETSTONE_THRESHOLD: it is a probability from 0 to 1, no longer a cosine; "
        "what was -1 (refuse nothing) is 0 now." in done.stderr
    )


def test_secrets_are_not_listed(tmp_path: Path) -> None:
    """`whetstone settings` says of a secret only that it is set."""
    done = run("settings", home=tmp_path, WHETSTONE_API_KEY="a-secret-of-some-length")

    assert "WHETSTONE_API_KEY" in done.stdout
    assert "a-secret-of-some-length" not in done.stdout


def test_serving_strangers_without_a_key_is_refused(tmp_path: Path) -> None:
    """An address beyond loopback needs an API key."""
    done = run("serve", "--host", "0.0.0.0", home=tmp_path)  # noqa: S104  # that is what is refused

    assert done.returncode == 2
    assert "WHETSTONE_API_KEY" in done.stderr


def test_ingest_reports_each_path(tmp_path: Path) -> None:
    """Broken files are named with their reason, the others are ingested, and the status tells."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "good.md").write_text("# Badges\n\nAsk the front desk for a new badge.\n")
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 not really")

    done = run("ingest", str(folder), home=tmp_path)

    assert done.returncode == 1
    assert "bad.pdf" in done.stderr
    assert run("ingest", str(folder / "good.md"), home=tmp_path).returncode == 0


def test_ingest_tells_what_was_read_in_part(tmp_path: Path) -> None:
    """The verdict comes first; it is no failure, but with --strict, which writes nothing of it. JSON has it all."""
    paper = tmp_path / "mixed.pdf"
    canvas = Canvas(str(paper))
    canvas.drawString(72, 720, "The first page holds text.")
    canvas.showPage()
    canvas.drawInlineImage(Image.new("RGB", (60, 80), "gray"), 50, 50, 500, 700)
    canvas.showPage()
    canvas.save()

    strict = run("ingest", "--strict", str(paper), home=tmp_path)
    usual = run("ingest", str(paper), home=tmp_path)
    again = run("ingest", "--json", str(paper), home=tmp_path)

    assert (strict.returncode, usual.returncode, again.returncode) == (1, 0, 0)
    assert strict.stdout.startswith("Not everything was read: 1 failed.")
    assert f"not read: {paper.as_uri()}: could be read in part only: " in strict.stderr
    assert usual.stdout.startswith("Everything was read, 1 of it in part only. 1 document added")
    assert f"read in part: {paper.as_uri()}: " in usual.stderr
    (report,) = json.loads(again.stdout)
    assert (report["unchanged"], report["failed"]) == (1, [])
    assert [each["uri"] for each in report["in_part"]] == [paper.as_uri()]


def test_ingest_shows_what_it_would_do(tmp_path: Path) -> None:
    """A dry run names each change and leaves the store as it was, also one that reads everything again."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.md").write_text(f"# Number {number}\n\nWords.\n")
    (folder / "logo.png").write_bytes(b"\x89PNG")

    dry = run("ingest", "--dry-run", str(folder), home=tmp_path)
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout.startswith("Nothing was written. This would add 3, change 0 and remove 0 documents.")
    assert f"would add {(folder / '0.md').as_uri()}, " in dry.stderr
    real = run("ingest", "--json", str(folder), home=tmp_path)
    (report,) = json.loads(real.stdout)
    assert (real.returncode, report["added"], report["passed_over"]) == (0, 3, {".png": 1})
    again = run("ingest", "--reread", "--dry-run", str(folder), home=tmp_path)
    assert again.stdout.startswith("Nothing was written. This would add 0, change 0 and remove 0 documents.")
    assert "passed over" in again.stderr
    assert "1 .png" in again.stderr


def test_ingest_prunes_most_of_a_folder_only_when_forced(tmp_path: Path) -> None:
    """A disk that is half there looks the same: nothing is removed, and the way to do it is named."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.md").write_text(f"Number {number}.\n")
    assert run("ingest", str(folder), home=tmp_path).returncode == 0
    for number in range(11):
        (folder / f"{number}.md").unlink()

    refused = run("ingest", "--prune", str(folder), home=tmp_path)
    forced = run("ingest", "--prune", "--force", "--json", str(folder), home=tmp_path)

    assert (refused.returncode, "--force" in refused.stderr) == (1, True)
    assert json.loads(forced.stdout)[0]["removed"] == 11


def test_a_folder_that_is_gone_is_removed_when_asked_for(tmp_path: Path) -> None:
    """Not before: it may be a disk that is not there. What was read by its own path in it goes too."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("Number one.\n")
    (folder / "t.csv").write_text("name,price\nScrew,4\n")
    first = run("ingest", str(folder / "a.md"), str(folder), str(folder / "."), home=tmp_path)
    (folder / "a.md").unlink()
    pruned = run("ingest", "--prune", "--json", str(folder), home=tmp_path)
    (folder / "t.csv").unlink()
    folder.rmdir()
    refused = run("ingest", "--prune", str(folder), home=tmp_path)
    forced = run("ingest", "--prune", "--force", "--json", str(folder), home=tmp_path)
    nothing = run("ingest", "--prune", "--force", str(folder), home=tmp_path)

    assert first.stderr.count("please note: ") == 1, "a path that is named twice is read once"
    assert json.loads(pruned.stdout)[0]["removed"] == 1
    assert (refused.returncode, "1 document is stored of it" in refused.stderr) == (1, True)
    assert json.loads(forced.stdout)[0]["removed"] == 1
    assert (nothing.returncode, "there is no file or folder" in nothing.stderr) == (1, True)


def test_what_was_read_is_told_where_a_later_path_is_wrong(tmp_path: Path) -> None:
    """It is written, and somebody should know."""
    (tmp_path / "a.md").write_text("Number one.\n")
    done = run("ingest", str(tmp_path / "a.md"), str(tmp_path / "b.md"), home=tmp_path)
    assert (done.returncode, done.stdout.startswith("Everything was read. 1 document added")) == (1, True)
    assert "there is no file or folder" in done.stderr


def test_main_returns_the_status_of_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """In the same process as well, usage errors end with status 2 and a hint."""
    with pytest.raises(SystemExit) as ended:
        main(["ingest"])

    assert ended.value.code == 2
    assert "Usage" in capsys.readouterr().err


def test_an_estimate_asks_for_nothing(
    tmp_path: Path, static_digest: str, encoder_store: EncoderFolder
) -> None:
    """What the language model would cost is said without a call: nothing listens where it is said to be."""
    digest = EncoderFolder(tmp_path / "encoders").register(encoder_store.path(static_digest))
    settings = Settings(_env_file=None, home=tmp_path, encoder=digest)
    with open_serving(settings) as serving:
        serving.library.put(
            Document.create(uri="a.md", title="Leave", text="Parents may take sixteen weeks.")
        )
        serving.live.start(background=False)
    there = {"WHETSTONE_LLM_BASE_URL": "http://127.0.0.1:9/v1", "WHETSTONE_RETRAIN_LLM_CALLS": "7"}
    asked = run("retrain", "--estimate", home=tmp_path, **there)
    assert asked.returncode == 0, asked.stderr
    assert "3 calls about 1 passages" in asked.stdout
    assert "it stops at 7 calls" in asked.stdout
    without = run("retrain", "--estimate", home=tmp_path)
    assert "no language model is set" in without.stdout
