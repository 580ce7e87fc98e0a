"""What the writer tells of itself."""

from dataclasses import replace

from statuspage.history import Day, History, Incident
from statuspage.metrics import text

from tests.services.statuspage.lab import NOON, ORDERS, config


def told(shown: str) -> dict[str, float]:
    """Every sample, as Prometheus reads them."""
    pairs = (line.rsplit(" ", 1) for line in shown.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_when_it_wrote_what_it_knows_and_how_it_was() -> None:
    lasting = Incident(("/",), "", NOON - 60, NOON, 0)
    history = History(NOON, {"/": {"2026-03-01": Day(75, 100)}}, (lasting,), NOON - 100, NOON - 5)
    assert told(text(history, config(), NOON, 0.25)) == {
        "statuspage_written_timestamp_seconds": NOON,
        "statuspage_turn_duration_seconds": 0.25,
        "statuspage_data_timestamp_seconds": NOON - 5,
        "statuspage_incidents": 1,
        'statuspage_uptime_ratio{component="Orders"}': 0.75,
    }


def test_of_a_stack_that_takes_no_traffic_there_is_nothing_to_know() -> None:
    fenced = replace(config(), components=())
    assert set(told(text(History(NOON), fenced, NOON, 0))) == {
        "statuspage_written_timestamp_seconds",
        "statuspage_turn_duration_seconds",
    }


def test_any_title_is_a_label() -> None:
    odd = config(replace(ORDERS, title='The "shop" \\ café'))
    history = History(NOON, {"/": {"2026-03-01": Day(1, 1)}}, (), NOON - 1, NOON)
    assert r'statuspage_uptime_ratio{component="The \"shop\" \\ café"} 1.0' in text(history, odd, NOON, 0)
