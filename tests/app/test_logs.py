"""A log line is one JSON object, and no secret is in it."""

import json
import logging

import pytest
from shop.logs import JsonLines, redact, request_id
from shop.middleware import choose_id

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjbGllbnQifQ.c2lnbmF0dXJl"  # noqa: S105  made up


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (f"GET /events?token={TOKEN}", TOKEN),
        (f"Authorization: Bearer {TOKEN}", TOKEN),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ('{"user": "client", "password": "hunter2"}', "hunter2"),
        (r'{"message": "{\"password\": \"hunter2\"}"}', "hunter2"),
        ("password=hunter2 host=pgbouncer-1", "hunter2"),
        ("{'refresh': 'hunter2'}", "hunter2"),
        ("redis://app:hunter2@redis-1:6379", "hunter2"),
        ("postgresql://shop:hunter2@db/shop", "hunter2"),
    ],
)
def test_a_secret_is_hidden(line: str, secret: str) -> None:
    assert secret not in redact(line)


@pytest.mark.parametrize("line", ["GET /orders/7 200", "token expired", "the password was wrong", "at 12:30:00"])
def test_ordinary_words_stay(line: str) -> None:
    assert redact(line) == line


def record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("shop", logging.WARNING, __file__, 1, message, values, None)


def test_a_line_has_the_agreed_keys() -> None:
    entry = record("slow %s", "query")
    entry.fields = {"path": "/orders", "status": 503, "ms": 12.5}
    request_id.set("abc-1")
    line = json.loads(JsonLines("api", "api-1").format(entry))
    assert line["level"] == "warning"
    assert line["message"] == "slow query"
    assert (line["service"], line["instance"], line["request_id"]) == ("api", "api-1", "abc-1")
    assert (line["path"], line["status"], line["ms"]) == ("/orders", 503, 12.5)
    assert line["ts"].endswith("+00:00")


def test_a_line_stays_one_line_and_valid_when_something_is_hidden() -> None:
    text = JsonLines("api", "api-1").format(record('two\nlines with "password": "hunter2"'))
    assert "\n" not in text
    assert "hunter2" not in json.loads(text)["message"]


@pytest.mark.parametrize("offered", [None, "", "a b", "x" * 65, 'id"}\n{"forged": 1'])
def test_an_id_unfit_for_a_log_is_replaced(offered: str | None) -> None:
    assert choose_id(offered) != offered
    assert len(choose_id(offered)) == 32


def test_a_fit_id_is_kept() -> None:
    assert choose_id("edge-1.7f:3") == "edge-1.7f:3"
