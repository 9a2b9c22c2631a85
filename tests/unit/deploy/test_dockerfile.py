"""deploy/Dockerfile says what it should, checked on the file that is shipped."""

import io
import json
import re
from pathlib import Path
from typing import Any

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "deploy" / "Dockerfile").read_text()
STEPS: list[dict[str, Any]] = [
    step
    for step in DockerfileParser(fileobj=io.BytesIO(TEXT.encode())).structure
    if step["instruction"] != "COMMENT"
]
BASES = [index for index, step in enumerate(STEPS) if step["instruction"] == "FROM"]
FINAL = STEPS[BASES[-1] :]


def values(steps: list[dict[str, Any]], instruction: str) -> list[str]:
    """Return what stands behind every such instruction."""
    return [step["value"] for step in steps if step["instruction"] == instruction]


def allowed_in_the_context() -> set[str]:
    """Return what .dockerignore lets through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines, "everything is left out but what is named"
    return {line[1:] for line in lines if line.startswith("!")}


def test_bases_are_pinned_to_the_python_the_code_is_tested_on() -> None:
    """Both stages start from the same full version of Python 3.11."""
    images = {value.split()[0] for value in values(STEPS, "FROM")}
    assert len(images) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", images.pop())


def test_runs_as_nobody_special() -> None:
    """The last user is a number other than 0, so that Kubernetes' runAsNonRoot can check it."""
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", values(FINAL, "USER")[-1])
    last_run = max(index for index, step in enumerate(FINAL) if step["instruction"] == "RUN")
    user = next(index for index, step in enumerate(FINAL) if step["instruction"] == "USER")
    assert last_run < user


def test_health_check_asks_for_readiness() -> None:
    """The health check needs nothing but Python, and asks whether the service is ready."""
    (check,) = values(FINAL, "HEALTHCHECK")
    command = json.loads(check[check.index("[") :])
    assert command[:2] == ["python", "-c"]
    assert "http://127.0.0.1:8321/readyz" in command[2]
    compile(command[2], "HEALTHCHECK", "exec")


def test_what_is_copied_exists_and_is_in_the_context() -> None:
    """Every COPY from the repository finds its sources, past .dockerignore."""
    copied = set()
    for value in values(STEPS, "COPY"):
        if not value.startswith("--from="):
            copied.update(value.split()[:-1])
    assert [source for source in sorted(copied) if not (ROOT / source).exists()] == []
    assert copied == allowed_in_the_context()


def test_every_package_is_in_the_image() -> None:
    """What the wheel is made of is what is copied."""
    packages = re.search(r"^packages = (\[.*\])$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages
    assert set(json.loads(packages[1])) <= allowed_in_the_context()


def test_dependencies_are_the_tested_ones() -> None:
    """Packages are installed under the constraints, with PostgreSQL's driver."""
    (install,) = (value for value in values(STEPS, "RUN") if "--extra-index-url" in value)
    assert "-c constraints.txt" in install
    assert "'.[postgres]'" in install


def test_starts_the_service() -> None:
    """Without arguments the image serves; with arguments it is the whetstone command."""
    assert values(FINAL, "ENTRYPOINT") == ['["whetstone"]']
    assert values(FINAL, "CMD") == ['["serve"]']


def test_nothing_is_fetched_or_reported_at_run_time() -> None:
    """The model hub is off and so is telemetry."""
    environment = " ".join(values(FINAL, "ENV"))
    for setting in ("HF_HUB_OFFLINE=1", "DO_NOT_TRACK=1", "PREFECT_SERVER_ANALYTICS_ENABLED=false"):
        assert setting in environment
