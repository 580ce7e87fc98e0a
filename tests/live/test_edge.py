"""Through the edge over HTTPS: an order, its cache, its job, its event; limits by tier."""

import httpx
import psycopg
import pytest

from tests.live.database import connect, ways
from tests.live.edge import Edge, await_events
from tests.live.project import Project, execute
from tests.waiting import until


@pytest.fixture(scope="module")
def order(edge: Edge) -> dict[str, str]:
    """One order, placed by the partner."""
    with edge.client("partner") as client:

        def place() -> dict[str, str]:
            answer = client.post("/orders", json={"product": "lamp", "quantity": 2})
            assert answer.status_code == 201, answer.text
            placed: dict[str, str] = answer.json()
            return placed

        return until(place, "an order that is taken", 30)


def test_an_order_is_in_the_primary_and_on_the_replica(project: Project, order: dict[str, str]) -> None:
    def found(endpoint: str) -> bool:
        with connect(project, endpoint, "app") as connection:
            rows = connection.execute("SELECT product FROM orders WHERE id = %s", (order["id"],)).fetchall()
            replica = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        assert replica == (endpoint == "haproxy.read",)
        return rows == [("lamp",)]

    until(lambda: found("haproxy.write"), "the order in the primary", 5)
    until(lambda: found("haproxy.read"), "the order on a replica", 10)


def test_an_order_comes_back_from_the_cache_and_the_hit_is_counted(
    edge: Edge, order: dict[str, str], project: Project
) -> None:
    def read() -> bool:
        before = hits(project)
        with edge.client("partner") as client:
            answers = [client.get(f"/orders/{order['id']}") for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert answers[-1].headers["X-Cache"] == "HIT"
        assert answers[-1].json()["product"] == "lamp"
        assert hits(project) >= before + 4
        return True

    # What is done about it meanwhile makes the cache forget it.
    until(read, "five reads with four hits", 30)


def hits(project: Project) -> float:
    """Cache hits of orders, over all replicas."""
    total = 0.0
    for name, container in project.containers().items():
        if project_part(project, name) == "api":
            lines = execute(container, "curl", "-fsk", "https://localhost:8000/metrics").splitlines()
            total += sum(
                float(line.split()[-1]) for line in lines if line.startswith('cache_hits_total{cache="orders"')
            )
    return total


def project_part(project: Project, name: str) -> str:
    """The workload of a container."""
    return next(i.workload.name for i in project.plan.site.instances if i.name == name)


def test_the_workers_do_its_jobs(edge: Edge, order: dict[str, str]) -> None:
    def queues() -> set[str]:
        with edge.client("partner") as client:
            return {job["queue"] for job in client.get(f"/jobs/{order['id']}").json()["jobs"]}

    until(lambda: queues() >= {"dispatch", "notifications", "analytics"}, "the order's jobs", 30)


def test_its_events_arrive_on_a_websocket(edge: Edge) -> None:
    with edge.events("client") as socket, edge.client("client") as client:

        def told() -> bool:
            placed = client.post("/orders", json={"product": "chair", "quantity": 1}).json()
            await_events(socket, placed["id"], {"order.created", "order.dispatched"})
            return True

        # Of what happens while an API's own connection is made anew it hears nothing; then of the next order.
        until(told, "an order's events", 60)


def test_the_same_idempotency_key_gives_the_same_order(edge: Edge) -> None:
    with edge.client("client", **{"Idempotency-Key": "once-and-only-once"}) as client:
        placed = [client.post("/orders", json={"product": "desk", "quantity": 1}).json()["id"] for _ in range(2)]
    assert len(set(placed)) == 1


@pytest.mark.parametrize(
    ("tier", "limit"), [("anonymous", 60), ("client", 600), ("driver", 1200), ("partner", 3000), ("admin", 6000)]
)
def test_each_tier_has_its_own_limit(edge: Edge, tier: str, limit: int) -> None:
    with edge.client("" if tier == "anonymous" else tier) as client:
        answer = client.get("/whoami")
    assert answer.json()["tier"] == tier
    assert int(answer.headers["X-RateLimit-Limit"]) == limit
    assert 0 <= int(answer.headers["X-RateLimit-Remaining"]) < limit
    assert int(answer.headers["X-RateLimit-Reset"]) >= 0


def test_a_login_beyond_the_limit_gets_429_with_the_headers(edge: Edge) -> None:
    for user in ("client", "driver", "partner", "admin"):
        edge.token(user)  # what later tests need, before the limit is used up
    answers = [edge.login("client", "wrong") for _ in range(20)]
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {401, 429}
    # Five may, and another every twelve seconds.
    assert codes.count(429) >= 10, codes
    refused = next(answer for answer in reversed(answers) if answer.status_code == 429)
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    with edge.client("client") as client:
        assert client.get("/whoami").status_code == 200, "a used-up login limit must not stop those who are in"


def test_routes_lead_to_their_parts(edge: Edge) -> None:
    with edge.client() as client:
        assert client.get("/pay/healthz").status_code == 200


def test_security_headers_are_on_every_answer(edge: Edge) -> None:
    with edge.client() as client:
        headers = client.get("/whoami").headers
    assert "max-age" in headers["Strict-Transport-Security"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" in headers
    assert "/" not in headers.get("Server", "")


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_answers_are_compressed(edge: Edge, coding: str) -> None:
    with edge.client(**{"Accept-Encoding": coding}) as client, client.stream("GET", "/openapi.json") as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Encoding"] == coding


def test_plain_http_is_only_a_redirect(project: Project, edge: Edge) -> None:
    plain = next(u for u in (row["url"] for row in _urls(project)) if u.startswith("http://"))
    answer = httpx.get(f"{plain}/whoami")
    assert answer.status_code in (301, 308)
    assert answer.headers["Location"].startswith("https://")


def _urls(project: Project) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = project.told("urls")
    return rows


def test_a_client_that_does_not_know_the_authority_refuses_the_edge(edge: Edge) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{edge.base}/whoami")


def test_every_pgbouncer_finds_every_haproxy(project: Project) -> None:
    """An application that is served keeps asking for them."""
    addresses = {project.plan.site.ip(one) for one in project.plan.site.of("haproxy")}
    assert len(addresses) == 2
    until(lambda: all(found == addresses for found in ways(project).values()), "both ways to be known", 60)


def test_the_database_is_written_only_through_the_declared_roles(project: Project) -> None:
    with (
        connect(project, "haproxy.write", "readonly") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("DELETE FROM orders")
