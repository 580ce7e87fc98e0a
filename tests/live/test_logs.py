"""What containers write is found, soon, all of it, and without secrets."""

import json
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from docker.models.containers import Container

from basalt.operations.logs import Entry, LogsError, Question, search
from basalt.operations.metrics import ask
from basalt.site import Instance
from basalt.targets.docker.health import well
from tests.live.edge import Edge
from tests.live.project import Project, execute
from tests.live.writers import counting, printing
from tests.services.logs.samples import LINES, PLANTED
from tests.waiting import until

#: Seconds from a line's writing until it is found.
SOON = 5

FLOOD = 10_000
SECONDS = 60


def find(project: Project, words: str, since: str = "10m", **exact: str) -> list[Entry]:
    return search(project.topology, Question(since, words=words, limit=100_000, **exact))


def count(project: Project, mark: str) -> tuple[int, int]:
    """Lines of a writer in the store, and how many different ones."""
    (told,) = find(project, f'mark:="{mark}" | stats count() as lines, count_uniq(number) as numbers', since="1h")
    return int(told["lines"]), int(told["numbers"])


def write(container: Container, line: str) -> None:
    """A line on the standard output of a container's first process, as if it had written it."""
    process = container.attrs["State"]["Pid"] if container.attrs["HostConfig"]["PidMode"] == "host" else 1
    execute(container, "sh", "-c", f"echo '{line}' > /proc/{process}/fd/1")


def seconds_until(look: Callable[[], object], what: str, most: float = SOON, every: float = 0.2) -> float:
    started = time.monotonic()
    until(look, what, most, every, also=(LogsError,))
    return time.monotonic() - started


def planted(project: Project, instance: Instance, container: Container) -> float:
    """Seconds until a line is found. A busy machine may hold one of them up, and not three; none is lost."""
    marks: list[str] = []

    def told(mark: str) -> list[Entry]:
        return [e for e in find(project, mark, service=instance.service) if e["instance"] == instance.name]

    def found() -> float:
        marks.append(secrets.token_hex(8))
        write(container, f"planted {marks[-1]}")
        return seconds_until(partial(told, marks[-1]), f"the line of {instance.name}")

    seconds = until(found, f"a line of {instance.name} within {SOON} s", 6 * SOON)
    until(lambda: all(map(told, marks)), f"all lines of {instance.name}", 60, also=(LogsError,))
    return seconds


def test_a_line_of_every_container_is_found_by_service_within_five_seconds(project: Project) -> None:
    running = project.containers()
    # Who reads all logs holds a capability: no other process may reach for its output.
    asked = [i for i in project.plan.site.instances if not (i.workload.task or i.workload.capabilities)]
    with ThreadPoolExecutor(4) as pool:
        took = sorted(pool.map(lambda one: planted(project, one, running[one.name]), asked))
    print(f"\n{len(took)} containers: {took[-1]:.1f} s at most, {took[len(took) // 2]:.1f} s median")
    assert len(took) > 30


def test_tasks_and_the_shipper_itself_are_found_too(project: Project) -> None:
    tasks = {i.name: i.service for i in project.plan.site.instances if i.workload.task or i.workload.capabilities}

    def found() -> bool:
        return all(find(project, f'instance:="{name}"', since="1h", service=own) for name, own in tasks.items())

    until(found, "a line of each task", 30)


def test_a_request_is_found_by_its_id_at_the_edge_and_in_the_application(project: Project, edge: Edge) -> None:
    with edge.client("partner") as client:
        answer = client.get("/orders/00000000-0000-0000-0000-000000000000")
    request = answer.headers["X-Request-ID"]
    took = seconds_until(
        lambda: {e["service"] for e in find(project, "", request_id=request)} == {"nginx", "app"}, "both lines"
    )
    print(f"\nfound after {took:.1f} s")
    for entry in find(project, "", request_id=request):
        assert entry["level"] == "info"
        assert entry["_msg"]
        assert entry["_time"]


def test_every_program_tells_a_level(project: Project) -> None:
    found = find(project, "!planted | stats by (workload) count() lines, count() if (level:*) with_level", since="1h")
    tasks = {i.workload.name for i in project.plan.site.instances if i.workload.task}
    planned = {i.workload.name for i in project.plan.site.instances} - tasks
    assert {e["workload"] for e in found if e["workload"] in planned and e["with_level"] == "0"} <= {"backup-agent"}


def test_what_looks_like_a_secret_is_not_found_and_the_line_around_it_is(project: Project) -> None:
    mark = secrets.token_hex(8)
    lines = [
        f"{mark} {line}" if line[0] != "{" else line.replace("{", f'{{"mark": "{mark}", ', 1) for line in LINES.values()
    ]
    # A repr is no JSON.
    lines = [line.replace(f'{{"mark": "{mark}", \'', f"{mark} {{'") for line in lines]
    with printing(project.stack, "planter", lines):
        until(
            lambda: len(find(project, f'instance:="planter-1" {mark} or mark:="{mark}"')) == len(lines), "all lines", 30
        )
    assert find(project, f'"{PLANTED}"') == []
    told = json.dumps(find(project, f'instance:="planter-1" {mark} or mark:="{mark}"'))
    assert PLANTED not in told
    assert "cannot reach postgresql://shop:[hidden]@db:5432/shop: refused" in told


def test_lines_of_another_stack_are_not_taken(project: Project) -> None:
    mark = secrets.token_hex(8)
    with printing("other", "stranger", [f"theirs {mark}"]), printing(project.stack, "own", [f"ours {mark}"]):
        until(lambda: find(project, f"ours {mark}"), "the line of the stack", 30)
        assert find(project, f"theirs {mark}") == []


@pytest.mark.parametrize("path", ["select/logsql/query?query=*", "insert/jsonline", "metrics", "flags"])
def test_nobody_without_the_password_writes_or_reads(project: Project, path: str) -> None:
    authority = "/etc/basalt/tls/stack/ca.crt"
    answer = execute(
        project.containers()["logs-1"],
        *(
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--cacert",
            authority,
            f"https://localhost:9428/{path}",
        ),
    )
    assert answer == "401"


def test_the_command_shows_what_is_found(project: Project, edge: Edge) -> None:
    with edge.client() as client:
        request = client.get("/healthz").headers["X-Request-ID"]

    def told() -> bool:
        shown = project.basalt("logs", "--service", "nginx", "--request-id", request).stdout
        return "GET /healthz 200" in shown and request in shown

    until(told, "the request", 30)
    (entry,) = map(
        json.loads, project.basalt("logs", "--request-id", request, "--json", "service:nginx").stdout.splitlines()
    )
    assert entry["instance"] == "nginx-1"
    wrong = project.basalt("logs", "--json", "| nonsense", check=False)
    assert wrong.returncode == 1
    assert "nonsense" in wrong.stdout


def costs(project: Project, seconds: int) -> str:
    """What the store and a host's part took within the last seconds, as Prometheus has it (the engine's own figures are
    empty while it is busy)."""
    asked = f'{{workload=~"logs|log-shipper.*"}}[{seconds}s]'
    spent, held = ask(
        project.plan.site,
        [f"increase(container_cpu_usage_seconds_total{asked})", f"max_over_time(container_memory_rss{asked})"],
    )
    cores = {sample.labels["subject"]: sample.value / seconds for sample in spent}
    return ", ".join(
        f"{s.labels['subject']} {cores[s.labels['subject']]:.2f} cores {s.value / 2**20:.0f} MiB" for s in held
    )


@pytest.mark.alone
def test_ten_thousand_lines_a_second_for_a_minute_are_all_kept(project: Project) -> None:
    mark, lines = secrets.token_hex(8), FLOOD * SECONDS
    with counting(project.stack, "flood", mark, lines, FLOOD) as container:
        container.wait(timeout=3 * SECONDS)
        wrote = float(container.logs(stdout=False))
        # Gone with its files when this block ends; whatever was not read by then would be lost.
        drained = seconds_until(lambda: count(project, mark)[1] == lines, f"{lines} lines in the store", 120, every=2)
        stored, different = count(project, mark)
    print(f"\n{lines} lines in {wrote:.1f} s ({lines / wrote:.0f}/s), all found {drained:.1f} s later")
    print(costs(project, SECONDS))
    assert lines / wrote > 0.9 * FLOOD, "the writer was too slow: nothing is proved"
    assert (stored, different) == (lines, lines)


@pytest.mark.breaks
def test_nothing_is_lost_while_the_store_is_away(project: Project) -> None:
    mark, lines = secrets.token_hex(8), 20_000
    store = project.containers()["logs-1"]
    store.stop()
    # Removed at its end: its file is gone, and what was read of it waits in the shipper's buffer.
    with counting(project.stack, "patient", mark, lines, 1000) as container:
        container.wait(timeout=120)
    store.start()
    until(lambda: well(project.containers()["logs-1"]), "the store", 60)
    until(lambda: count(project, mark)[1] == lines, "all lines", 120, also=(LogsError,))
    assert count(project, mark) == (lines, lines)


@pytest.mark.breaks
def test_nothing_is_lost_nor_told_twice_when_a_shipper_starts_anew(project: Project) -> None:
    mark, lines = secrets.token_hex(8), 10_000
    with counting(project.stack, "steady", mark, lines, 1000) as container:
        until(lambda: count(project, mark)[1] > 0, "the first lines", 20)
        # Killed, it would send again what has no answer yet.
        project.containers()["log-shipper-1"].restart(timeout=60)
        container.wait(timeout=120)
        until(lambda: count(project, mark)[1] == lines, "all lines", 60)
    assert count(project, mark) == (lines, lines)
