"""No generated secret is to be found where it could be read by chance."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from basalt.targets.derive import derive
from tests.live.project import ROOT, Project, execute


@pytest.fixture(scope="module")
def secrets(project: Project) -> dict[str, bytes]:
    """Every generated secret by name: passwords of the plan, seed, passphrase, private keys (one line of each)."""
    planned, containers = project.plan.planned, project.containers()
    seed = project.pulumi("config", "get", "basalt:seed").stdout.strip()
    found = {ref.name: derive(seed, ref.name) for one in planned for file in one.files for ref in file.secrets}
    assert found["app/demo"] == project.secret("app/demo")
    found["seed"] = seed
    found["passphrase"] = (project.folder / ".basalt" / "passphrase").read_text().strip()
    for one in planned:
        name = one.instance.name
        if containers[name].status == "running":
            for certificate in one.certificates:
                if certificate.key:
                    key = execute(containers[name], "cat", f"{certificate.folder}/tls.key")
                    found[f"{certificate.authority.name} key of {name}"] = key.splitlines()[2]
    assert len(found) > 30
    assert all(len(value) >= 16 for value in found.values()), [name for name, value in found.items() if len(value) < 16]
    return {name: value.encode() for name, value in found.items()}


def leaks(secrets: dict[str, bytes], where: str, data: bytes) -> list[str]:
    """What of the secrets stands in `data`."""
    return [f"{name} in {where}" for name, value in secrets.items() if value in data]


def test_the_search_finds_what_is_planted(secrets: dict[str, bytes]) -> None:
    name, planted = next(iter(secrets.items()))
    assert leaks(secrets, "here", b"x" + planted + b"y") == [f"{name} in here"]


def test_not_in_what_docker_tells_of_containers_and_images(project: Project, secrets: dict[str, bytes]) -> None:
    found = [leaks(secrets, name, json.dumps(c.attrs).encode()) for name, c in project.containers().items()]
    for image in {container.image for container in project.containers().values()}:
        assert image is not None
        found.append(leaks(secrets, str(image), json.dumps([image.attrs, image.history()]).encode()))
    assert sum(found, []) == []


def test_not_in_logs(project: Project, secrets: dict[str, bytes]) -> None:
    assert sum((leaks(secrets, name, c.logs()) for name, c in project.containers().items()), []) == []


def test_not_in_process_lists_nor_environments(secrets: dict[str, bytes]) -> None:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                data = (folder / name).read_bytes()
            except OSError:
                continue  # it ended meanwhile
            found += leaks(secrets, f"{folder.name}/{name} {data[:60]!r}", data)
    assert found == []


def test_not_in_clear_state_nor_in_the_stack_file(project: Project, secrets: dict[str, bytes]) -> None:
    found = []
    for path in [project.stack_file, *(project.folder / ".basalt" / "state").rglob("*")]:
        if path.is_file():
            found += leaks(secrets, str(path), path.read_bytes())
    assert found == []


def test_not_in_outputs_nor_in_plans(project: Project, secrets: dict[str, bytes]) -> None:
    assert leaks(secrets, "outputs", project.pulumi("stack", "output", "--json").stdout.encode()) == []
    assert leaks(secrets, "plan", project.basalt("plan", "--json").stdout.encode()) == []
    rendered = "".join(file.text for planned in project.plan.planned for file in planned.files)
    assert leaks(secrets, "rendered files", rendered.encode()) == []
    assert leaks(secrets, "a preview", project.pulumi("preview", "--diff").stdout.encode()) == []


def test_not_in_git(secrets: dict[str, bytes]) -> None:
    history = subprocess.run(
        ["git", "log", "--all", "-p", "--no-color"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    assert leaks(secrets, "git history", history) == []
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout.split(
        "\n"
    )
    files = [ROOT / name for name in listed if name and (ROOT / name).is_file()]
    assert sum((leaks(secrets, str(path), path.read_bytes()) for path in files), []) == []


def test_every_secret_file_is_for_one_user(project: Project) -> None:
    for name, container in project.containers().items():
        if container.status == "running":
            assert execute(container, "find", "/etc/basalt", "-type", "f", "-perm", "/0277") == "", name


def test_seed_and_keys_are_encrypted(project: Project) -> None:
    assert re.search(r"basalt:seed:\n\s+secure: v1:", project.stack_file.read_text())
    state = project.pulumi("stack", "export").stdout
    assert "PRIVATE KEY" not in state
