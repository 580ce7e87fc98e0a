"""With `services.backup.before_deploy` an `up` that changes the application backs the database up first, or fails."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.live.project import Project, execute
from tests.waiting import until

pytestmark = pytest.mark.breaks

GUARD = "backup-before-app"


def backups(project: Project) -> dict[str, datetime]:
    """Label -> when it ended, of all that there are."""

    def told() -> dict[str, datetime]:
        rows = project.told("backups")
        return {row["label"]: datetime.fromisoformat(row["at"]) for row in rows if row["kind"] == "database"}

    return until(told, "the backups", 240, every=2)


def containers(project: Project) -> dict[str, str]:
    """The application's: name -> id."""
    own = {instance.name for instance in project.plan.site.instances if instance.service == "app"}
    return {name: str(container.id) for name, container in project.containers().items() if name in own}


def deploy(project: Project, pool: int) -> str:
    """Declares another application; returns the stack file as it was before."""
    return project.edit(lambda topology: topology["services"]["app"]["parts"]["payment"].update(pool=pool))


@pytest.fixture(scope="module")
def before(project: Project) -> Iterator[dict[str, datetime]]:
    """The backups that there were before the option was turned on."""
    found = backups(project)
    declared = project.edit(lambda topology: topology["services"]["backup"].update(before_deploy=True))
    try:
        project.up()
        yield found
    finally:
        project.stack_file.write_text(declared)
        project.up()


def test_an_up_that_changes_the_application_takes_one_backup_first(
    project: Project, before: dict[str, datetime]
) -> None:
    made = containers(project)
    deploy(project, pool=9)
    printed = project.pulumi("up", "--yes").stdout
    preview, _, _ = printed.partition("Updating (")
    assert GUARD in preview
    assert "made_of" in preview
    now = backups(project)
    # Neither did the `up` that turned the option on.
    (taken,) = now.keys() - before.keys()
    assert {name for name, id_ in containers(project).items() if id_ != made[name]} == {"payment-1"}
    assert now[taken] <= datetime.fromisoformat(project.containers()["payment-1"].attrs["Created"])


@pytest.mark.usefixtures("before")
def test_where_none_can_be_taken_the_application_stays_what_it_is(project: Project) -> None:
    made, repository = containers(project), project.containers()["backup-1"]
    read = execute(project.containers()["payment-1"], "cat", "/etc/basalt/app.json")
    declared = deploy(project, pool=8)
    repository.stop()
    try:
        done = project.basalt("up", "--yes", check=False)
    finally:
        repository.start()
        project.stack_file.write_text(declared)
    assert done.returncode != 0
    assert f"nothing of app was changed: basalt backup comes first, and {repository.name} was stopped" in done.stdout
    assert containers(project) == made
    # Nor would it find anything new when the engine starts it again.
    assert execute(project.containers()["payment-1"], "cat", "/etc/basalt/app.json") == read


@pytest.mark.usefixtures("before")
def test_an_up_that_changes_something_else_or_nothing_takes_none(project: Project) -> None:
    taken, made = backups(project), containers(project)
    project.edit(lambda topology: topology["services"]["backup"].update(keep={"floor": "8d"}))
    project.up()
    project.pulumi("preview", "--expect-no-changes")
    assert (backups(project), containers(project)) == (taken, made)
