"""What people and programs are served."""

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from statuspage import say
from statuspage.history import DAY, Day, History, Incident, date
from statuspage.pages import pages
from statuspage.spans import Span
from statuspage.state import State, judge

from tests.services.statuspage.lab import NOON, config

_VOID = {"meta", "link", "rect"}


class Reader(HTMLParser):
    """Every element is closed where it has to be; collects text, and what would be loaded or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data
        self.texts.append(data)


def past() -> History:
    days = {date(NOON - ago * DAY): Day(DAY, DAY) for ago in range(1, 40)} | {date(NOON - 3 * DAY): Day(DAY - 300, DAY)}
    incident = Incident(("/",), "", NOON - 3 * DAY, NOON - 3 * DAY + 300, 0, over=True)
    lasting = Incident(("/pay",), "<b>late</b>", NOON - 100, NOON, 0)
    return History(NOON, {"/": days, "/pay": days}, (incident, lasting), NOON - 39 * DAY, NOON)


def well() -> State:
    tracks = {path: (Span(NOON - 30, NOON, 1.0),) for path in ("/", "/pay")}
    return judge(config(), tracks, {}, NOON)


def made() -> dict[str, str]:
    return pages(config(), past(), well(), NOON)


@pytest.mark.parametrize("name", ["index.html", "incidents.html", "sla.html"])
def test_a_page_is_whole_and_loads_and_runs_nothing_from_elsewhere(name: str) -> None:
    read = Reader(made()[name])
    assert not [tag for tag, _ in read.tags if tag in ("script", "iframe", "object", "form")]
    for _, attributes in read.tags:
        assert "style" not in attributes, "the policy forbids it"
        assert not [key for key in attributes if key.startswith("on")]
        assert not [v for k in ("src", "href") if (v := attributes.get(k)) and not v.startswith("/")]


def test_it_says_how_it_is_and_what_was() -> None:
    said = Reader(made()["index.html"]).said
    for words in (
        "Everything works",
        "As of 12:00:00",
        "Orders",
        "Payments",
        "works",
        "Not available: Orders",
        "5 min",
    ):
        assert words in said, words


def test_a_page_that_is_not_renewed_must_not_say_that_all_is_well() -> None:
    text = made()["index.html"]
    condition = '<!--# if expr="$date_gmt = /^(2026-03-01T12:00|2026-03-01T12:01)/" -->'
    whenever, *conditional = text.split(condition)
    assert len(conditional) == 2, "once in the title"
    for one in conditional:
        choice, _, rest = one.partition("<!--# endif -->")
        fresh, _, stale = choice.partition("<!--# else -->")
        assert "Everything works" in fresh
        assert "o longer renewed" in stale
        assert "Everything works" not in whenever + stale + rest


def test_without_data_it_says_since_when() -> None:
    text = pages(config(), past(), judge(config(), {}, {}, NOON), NOON)["index.html"]
    assert "the last look was on 1 Mar 2026, 12:00 UTC" in Reader(text).said
    text = pages(config(), History(NOON), judge(config(), {}, {}, NOON), NOON)["index.html"]
    assert "nothing was looked at yet" in Reader(text).said


def test_bars_are_ninety_days_and_are_told_to_those_who_do_not_see_them() -> None:
    read = Reader(made()["index.html"])
    bars = [attributes for tag, attributes in read.tags if tag == "rect"]
    assert len(bars) == 180
    kinds = [bar["class"] for bar in bars[:90]]
    assert (kinds.count("up"), kinds.count("part"), kinds.count("unknown")) == (38, 1, 51)
    assert {"26 Feb 2026: 99.65 %, down for 5 min", "28 Feb 2026: 100 %", "1 Mar 2026: no data"} <= set(read.texts)
    (orders, _) = (attributes["aria-label"] or "" for tag, attributes in read.tags if tag == "svg")
    assert orders == "Orders, last 90 days: up 99.99 %; below what is promised on 1, without data on 51"


def test_what_an_operator_writes_is_text() -> None:
    assert "<b>late" not in made()["incidents.html"]
    assert "&lt;b&gt;late" in made()["incidents.html"]


def test_nothing_of_the_inside_is_told() -> None:
    for name, text in made().items():
        for secret in ("edge-1", "statusz", "api", "payment"):
            assert secret not in text, (name, secret)


def test_programs_read_the_same() -> None:
    found = json.loads(made()["status.json"])
    assert (found["state"], found["headline"]) == ("up", "Everything works")
    assert [one["state"] for one in found["components"]] == ["up", "up"]
    assert [(one["title"], one["end"]) for one in found["incidents"]] == [
        ("<b>late</b>", None),
        ("Not available: Orders", "2026-02-26T12:05:00Z"),
    ]
    assert json.loads(made()["sla.json"])["months"][1]["period"] == "2026-02"


def test_feed_readers_get_one_entry_an_incident() -> None:
    feed = ET.fromstring(made()["feed.atom"])  # noqa: S314  our own
    space = "{http://www.w3.org/2005/Atom}"
    entries = feed.findall(f"{space}entry")
    assert [entry.findtext(f"{space}title") for entry in entries] == ["<b>late</b>", "Not available: Orders"]
    assert len({entry.findtext(f"{space}id") for entry in entries}) == 2
    assert feed.findtext(f"{space}updated") == "2026-03-01T11:58:20Z"


@pytest.mark.parametrize(
    ("ratio", "told"), [(1.0, "100 %"), (0.99999, "99.99 %"), (0.999, "99.90 %"), (0, "0.00 %"), (None, "no data")]
)
def test_a_share_is_never_told_too_high(ratio: float | None, told: str) -> None:
    assert say.percent(ratio) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59.6, "1 min"), (254, "4 min 14 s"), (3600, "1 h"), (90_000, "1 d 1 h"), (None, "none")],
)
def test_a_duration_has_two_units_at_most(seconds: float | None, told: str) -> None:
    assert say.duration(seconds) == told
