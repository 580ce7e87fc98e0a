"""`pulumi up` makes the topology real, once."""

import subprocess
import sys
from functools import partial

from basalt.targets.docker.health import well
from tests.live.project import ROOT, Project
from tests.waiting import until


def test_every_planned_container_runs_and_is_healthy(project: Project) -> None:
    containers = project.containers()
    planned = {i.name: i for i in project.plan.site.instances}
    assert set(containers) == set(planned)
    for name, container in containers.items():
        state = container.attrs["State"]
        if planned[name].workload.task:
            assert (state["Status"], state["ExitCode"]) == ("exited", 0), name
        else:
            until(partial(well, container), f"{name} is well", 60)


def test_nothing_changes_after_an_up(project: Project) -> None:
    project.pulumi("preview", "--expect-no-changes")


def test_nothing_changes_after_a_refresh(project: Project) -> None:
    project.pulumi("refresh", "--yes", "--skip-preview")
    project.pulumi("preview", "--expect-no-changes")


def test_a_second_up_repeats_no_work(project: Project) -> None:
    before = {name: container.attrs["Created"] for name, container in project.containers().items()}
    printed = project.up().stdout
    assert "built in" not in printed
    assert "unchanged" in printed
    assert {name: container.attrs["Created"] for name, container in project.containers().items()} == before


def test_a_plain_pulumi_up_works(project: Project) -> None:
    printed = project.pulumi("up", "--yes").stdout
    assert "unchanged" in printed
    assert " created" not in printed


def test_the_end_of_up_says_what_to_open(project: Project) -> None:
    rows = project.told("urls")
    assert any(row["url"].startswith("https://") and "secret" in row["login"] for row in rows)


def test_a_wrong_stack_file_touches_nothing(project: Project) -> None:
    before = project.edit(lambda topology: topology["services"]["etcd"].update(members=4))
    ids = {name: container.id for name, container in project.containers().items()}
    try:
        by_basalt = project.basalt("up", "--yes", check=False)
        by_pulumi = project.pulumi("up", "--yes", check=False)
    finally:
        project.stack_file.write_text(before)
    for done in (by_basalt, by_pulumi):
        assert done.returncode != 0
        assert "services.etcd.members" in done.stdout
        assert "3 or 5 keep a quorum" in done.stdout
        assert "Traceback" not in done.stdout
    assert {name: container.id for name, container in project.containers().items()} == ids


def test_an_image_that_no_registry_gives_touches_nothing(project: Project) -> None:
    wrong = "127.0.0.1:1/nobody/nothing:1"
    before = project.edit(lambda topology: topology["services"]["grafana"].update(image=wrong))
    ids = {name: container.id for name, container in project.containers().items()}
    try:
        done = project.basalt("up", "--yes", check=False)
    finally:
        project.stack_file.write_text(before)
    assert done.returncode != 0
    assert f"local cannot pull image {wrong}" in done.stdout
    assert "name an image that its registry gives" in done.stdout
    assert "Traceback" not in done.stdout
    assert {name: container.id for name, container in project.containers().items()} == ids


def test_doctor_finds_nothing_missing(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "basalt", "doctor"], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "ok docker engine" in done.stdout
