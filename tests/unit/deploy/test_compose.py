"""deploy/compose.yaml says what it should, checked on the file that is shipped."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def strings(value: object) -> Iterator[str]:
    """Yield every string in a parsed file."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def pinned(package: str) -> str:
    """Return the version constraints.txt pins."""
    found = re.search(rf"^{re.escape(package)}==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert found, f"constraints.txt does not pin {package}"
    return found[1]


@each_service
def test_is_watched_and_comes_back(name: str) -> None:
    """Every service has a health check with limits, is restarted, and gets time to stop."""
    service = SERVICES[name]
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()
    assert service["restart"] == "unless-stopped"
    assert "stop_grace_period" in service


@each_service
def test_has_limits(name: str) -> None:
    """No service can take the whole host: CPU, memory, processes and logs are bounded."""
    service = SERVICES[name]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@each_service
def test_runs_with_the_least_rights(name: str) -> None:
    """No service is privileged, gains rights, has capabilities, or writes beyond its volumes."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & service.keys()
    assert not [volume for volume in service.get("volumes", []) if "docker.sock" in volume]


@each_service
def test_publishes_on_loopback_only(name: str) -> None:
    """A published port names loopback as its address."""
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


def test_databases_are_not_reachable_from_outside() -> None:
    """Databases publish nothing and are on the internal network alone."""
    assert COMPOSE["networks"]["data"]["internal"] is True
    for name in ("postgres", "qdrant"):
        assert SERVICES[name]["networks"] == ["data"]
        assert "ports" not in SERVICES[name]


@each_service
def test_images_are_pinned(name: str) -> None:
    """Every image carries a full version."""
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.]+)?", SERVICES[name]["image"])


def test_images_fit_the_code() -> None:
    """Prefect's server is the client's version, and Qdrant's server no older than 1.19."""
    assert SERVICES["prefect"]["image"] == f"prefecthq/prefect:{pinned('prefect')}-python3.11"
    version = re.match(r"qdrant/qdrant:v(\d+)\.(\d+)", SERVICES["qdrant"]["image"])
    assert version
    server = (int(version[1]), int(version[2]))
    client = tuple(int(part) for part in pinned("qdrant-client").split(".")[:2])
    assert server >= (1, 19)
    assert abs(server[1] - client[1]) <= 1, "Qdrant supports clients one minor version away"


def test_our_image_is_built_here_in_the_present_version() -> None:
    """The service and the flow runner share one image, tagged with the package's version."""
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    for name in ("api", "flows"):
        assert SERVICES[name]["image"] == f"whetstone:{version[1]}"
        build = SERVICES[name]["build"]
        assert (DEPLOY / build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).is_file()


@each_service
def test_waits_for_what_it_needs_to_be_healthy(name: str) -> None:
    """A dependency is waited for until its health check passes."""
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[needed]


def test_every_volume_and_network_is_declared_and_used() -> None:
    """Named volumes and networks exist, and none is left over."""
    volumes, networks = set(), set()
    for service in SERVICES.values():
        networks.update(service["networks"])
        for volume in service.get("volumes", []):
            source = VARIABLE.sub(lambda found: found[3], volume).partition(":")[0]
            if not source.startswith((".", "/")):
                volumes.add(source)
    assert volumes == COMPOSE["volumes"].keys()
    assert networks == COMPOSE["networks"].keys()


def test_files_mounted_exist() -> None:
    """Folders of this repository that are mounted are there; /documents is the user's."""
    mounted = [volume.split(":") for volume in SERVICES["postgres"]["volumes"]]
    folders = [DEPLOY / source for source, *_ in mounted if source.startswith(".")]
    assert folders == [DEPLOY / "postgres"]
    assert list(folders[0].glob("*.sh"))


def test_service_and_flows_share_one_home() -> None:
    """Encoders and data sets that flows write are those the service reads."""
    assert "whetstone:/data" in SERVICES["api"]["volumes"]
    assert "whetstone:/data" in SERVICES["flows"]["volumes"]


def test_no_secret_is_written_down() -> None:
    """Keys and passwords come from variables that must be set; the examples leave them empty."""
    secret = re.compile(r"KEY|SECRET|PASSWORD|AUTH_STRING|_URL")
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            if secret.search(name) and not name.endswith("_URL"):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{name} is not a required variable"
            assert not re.search(r"://[^/$]*:[^$@]+@", value), f"{name} holds a password"
    for example in (".env.example", "whetstone.env.example"):
        for line in (DEPLOY / example).read_text().splitlines():
            name, _, value = line.lstrip("#").partition("=")
            if re.fullmatch(r"\w*(KEY|SECRET|PASSWORD|AUTH_STRING)", name):
                assert value == ""


def test_example_lists_every_variable() -> None:
    """Each variable of the compose file stands in .env.example: required ones open, others as comments."""
    text = (DEPLOY / ".env.example").read_text()
    open_, commented = (set(re.findall(rf"^{mark}(\w+)=", text, re.MULTILINE)) for mark in ("", "#"))
    required, optional = set[str](), set[str]()
    for string in strings(SERVICES):
        for name, how, _ in VARIABLE.findall(string):
            (required if how == "?" else optional).add(name)
    assert required == open_
    assert optional == commented


def test_secrets_filled_in_are_not_committed() -> None:
    """What people make from the examples is ignored by git and kept out of the image."""
    assert {".env", "whetstone.env"} <= set((DEPLOY / ".gitignore").read_text().split())
    kept = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert "!deploy" not in kept


def test_commands_exist() -> None:
    """What the containers run are commands of whetstone."""
    import click

    from flows.cli import cli

    for name in ("api", "flows"):
        command: click.Command = cli
        for part in SERVICES[name]["command"]:
            assert isinstance(command, click.Group)
            assert part in command.commands, f"{name} runs {SERVICES[name]['command']}"
            command = command.commands[part]
        assert not isinstance(command, click.Group)
