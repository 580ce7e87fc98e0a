"""The status page as the public sees it: there whatever happens, and right within half a minute."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from docker.models.containers import Container

from basalt.urls import urls
from tests.live.browser import look
from tests.live.edge import Edge
from tests.live.project import ROOT, Project, freeze
from tests.live.test_healing import healthy, orders_go_through
from tests.waiting import until

REPORTS = ROOT / ".basalt" / "reports"

#: Seconds until it has to say what is wrong, and until what was broken has healed and it says so.
SAYS, HEALS = 30, 240
#: Seconds until it has to say that nobody knows: a look is good for 25, and the next turn finds that another is not to
#: be had.
UNKNOWN = 45


@dataclass(frozen=True)
class Page:
    """The published page. Whoever looks counts on an answer: none may fail."""

    client: httpx.Client

    def text(self, path: str = "/") -> str:
        """AssertionError when it does not answer."""
        try:
            answer = self.client.get(path)
        except httpx.HTTPError as error:
            raise LookupError(f"the status page does not answer: {error!r}") from error
        if answer.status_code != 200:
            raise LookupError(f"the status page answers with {answer.status_code}")
        return answer.text

    @property
    def status(self) -> dict[str, Any]:
        """`status.json`"""
        text = self.text("/status.json")
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise LookupError(f"half of a page was served: {text[:200]}") from error
        return found

    def says(self, words: str, seconds: float) -> float:
        """Seconds until the page has these words. A LookupError ends it: the page was away."""
        started = time.monotonic()
        until(lambda: words in self.text(), f"{words!r} on the status page", seconds, every=0.5)
        return time.monotonic() - started


@pytest.fixture(scope="module")
def page(project: Project, edge: Edge) -> Iterator[Page]:
    """Verified by the stack's authority."""
    base = urls(project.plan.site)["statuspage-1.web"]
    with httpx.Client(base_url=base, verify=edge.tls, timeout=10) as client:
        found = Page(client)
        found.says("Everything works", 120)
        yield found


@contextmanager
def broken(
    containers: list[Container], stop: Callable[[Container], None], mend: Callable[[Container], None]
) -> Iterator[None]:
    """While they do not work."""
    with ExitStack() as mending:
        for container in containers:
            stop(container)
            mending.callback(mend, container)
        yield


def test_it_says_that_everything_works(page: Page) -> None:
    def works() -> bool:
        status = page.status
        assert (status["state"], {one["state"] for one in status["components"]}) == ("up", {"up"})
        return time.time() - datetime.fromisoformat(status["updated"]).timestamp() < 15

    until(works, "a new page on which everything works", 60)


def test_it_tells_nothing_of_the_inside(project: Project, page: Page) -> None:
    inside = {i.name for i in project.plan.site.instances} | {i.address for i in project.plan.site.instances}
    for path in ("/", "/incidents.html", "/sla.html", "/status.json", "/sla.json", "/feed.atom"):
        text = page.text(path)
        assert [word for word in inside if word in text] == [], path


def test_what_is_kept_and_what_is_being_written_is_not_served(page: Page) -> None:
    for path in ("/history.json", "/../history.json", "/metrics", "/.index.html.new"):
        assert page.client.get(path).status_code in (400, 404), path
    assert page.client.post("/").status_code == 403


def test_nothing_may_run_on_it(page: Page) -> None:
    for path in ("/", "/status.json", "/nowhere"):
        headers = page.client.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self';")
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_browser_shows_it_without_a_complaint(page: Page, edge: Edge) -> None:
    REPORTS.mkdir(parents=True, exist_ok=True)
    sight = look(f"{page.client.base_url}", edge.tls, REPORTS / "statuspage-up.png")
    assert "Everything works" in sight.dom
    assert sight.complaints == []


def test_the_report_is_on_the_page_and_in_the_terminal(project: Project, page: Page) -> None:
    month, *_ = project.told("sla", "--month")["months"]
    assert month["running"]
    assert 0 < month["all"]["uptime"] <= 1
    assert {one["title"] for one in month["components"]} == {"Orders", "Payments"}
    assert "Orders" in project.basalt("sla").stdout
    assert "Uptime report" in page.text("/sla.html")


@pytest.mark.breaks
def test_while_the_edge_is_away_it_says_so_within_half_a_minute(project: Project, page: Page, edge: Edge) -> None:
    page.says("Everything works", HEALS)
    edges = [c for name, c in project.containers().items() if name in {i.name for i in project.plan.site.of("nginx")}]
    # Paused, it answers nothing at all: it takes longer to be missed than one that is gone.
    with broken(edges, freeze, Container.unpause):
        told = page.says("Nothing is available", SAYS)
        until(lambda: [one["end"] for one in page.status["incidents"][:1]] == [None], "an incident that lasts", 30)
        look(f"{page.client.base_url}", edge.tls, REPORTS / "statuspage-outage.png")
        assert page.status["state"] == "down"
    healed = page.says("Everything works", HEALS)
    print(f"\nedge away: said after {told:.1f} s, and {healed:.1f} s after it was back")
    until(lambda: page.status["incidents"][0]["end"], "the end of the incident", 30)


@pytest.mark.breaks
def test_while_the_database_is_away_it_says_so_within_half_a_minute(project: Project, page: Page, edge: Edge) -> None:
    page.says("Everything works", HEALS)
    names = {instance.name for instance in project.plan.site.of("postgres")}
    members = [container for name, container in project.containers().items() if name in names]
    assert len(members) == len(names) > 0
    killed = time.monotonic()
    with broken(members, lambda c: c.kill(), Container.start):
        stopped = time.monotonic() - killed
        told = page.says("Nothing is available", SAYS)
        with edge.client() as client:
            assert client.get("/healthz").status_code == 200, "the application itself is alive"
    until(lambda: orders_go_through(edge), "orders", HEALS)
    healed = page.says("Everything works", HEALS)
    print(f"\ndatabase away: said {told:.1f} s after the last of {stopped:.1f} s, and {healed:.1f} s after orders went")
    until(lambda: not healthy(project), "all healthy", HEALS)


@pytest.mark.breaks
def test_without_prometheus_it_says_that_nobody_knows(project: Project, page: Page) -> None:
    page.says("Everything works", HEALS)
    with broken([project.containers()["prometheus-1"]], freeze, Container.unpause):
        told = page.says("No data", UNKNOWN)
        assert "the last look was on" in page.text()
    healed = page.says("Everything works", HEALS)
    print(f"\nPrometheus away: said after {told:.1f} s, and {healed:.1f} s after it was back")


@pytest.mark.breaks
def test_a_page_that_nobody_renews_says_so_itself(project: Project, page: Page) -> None:
    page.says("Everything works", HEALS)
    with broken([project.containers()["statuspage-writer-1"]], freeze, Container.unpause):
        told = page.says("This page is no longer renewed", 130)
        assert "Everything works" not in page.text()
    healed = page.says("Everything works", 30)
    print(f"\nwriter away: said after {told:.1f} s, and {healed:.1f} s after it was back")


@pytest.mark.breaks
def test_the_account_outlives_the_writer(project: Project, page: Page) -> None:
    before = page.status["incidents"]
    assert before, "the tests before have left some"
    project.containers()["statuspage-writer-1"].restart()
    restarted = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    until(lambda: page.status["updated"] > restarted, "a page of the new writer", 60)
    assert page.status["incidents"] == before
