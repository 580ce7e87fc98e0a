"""Members of the database keep room for a full disk, and give it away when they are told."""

from tests.live.project import Project


def rooms(project: Project, *words: str) -> dict[str, int]:
    """MiB that each member keeps, after `basalt reserve`."""
    return {room["member"]: room["reserve"] for room in project.told("reserve", *words)}


def test_room_is_kept_given_away_and_kept_again(project: Project) -> None:
    everybody = {instance.name: 256 for instance in project.plan.site.of("postgres")}
    assert rooms(project, "show") == everybody
    assert rooms(project, "release", "--member", "postgres-2") == {"postgres-2": 0}
    assert rooms(project, "show") == {**everybody, "postgres-2": 0}
    assert rooms(project, "keep") == everybody


def test_whoever_is_no_member_is_named_with_those_that_are(project: Project) -> None:
    done = project.basalt("reserve", "release", "--member", "redis-1", check=False)
    assert done.returncode == 1
    assert "redis-1: no member; choose among postgres-1, postgres-2, postgres-3" in done.stdout
