"""What looks like a secret is hidden, and nothing else."""

import json
import re

import pytest

from basalt.services.logs.redaction import HIDDEN, RULES, redact
from tests.services.logs.samples import LINES, PLANTED


@pytest.mark.parametrize("name", LINES)
def test_a_planted_secret_is_hidden(name: str) -> None:
    told = redact(LINES[name])
    assert PLANTED not in told
    assert HIDDEN in told


@pytest.mark.parametrize("name", LINES)
def test_a_second_look_finds_nothing_more(name: str) -> None:
    assert redact(redact(LINES[name])) == redact(LINES[name])


def test_what_stands_around_it_stays() -> None:
    assert redact(LINES["JSON"]) == '{"message": "login", "password": "[hidden]", "user": "ada"}'
    assert redact(LINES["quoted"]) == 'level=info password="[hidden]" msg=done'
    assert redact(LINES["URI"]) == "cannot reach postgresql://shop:[hidden]@db:5432/shop: refused"
    assert redact(LINES["JSON inside JSON"]) == (
        '{"message": "sent {\\"api_key\\": \\"[hidden]\\", \\"n\\": 1}", "level": "info"}'
    )
    assert redact(LINES["SQL"]).endswith("PASSWORD '[hidden]' VALID UNTIL 'infinity'")


def test_json_stays_json() -> None:
    line = '{"message":"login","password":918273645,"token":null,"secrets":["a-b","c"],"pwd":true,"n":1}'
    told = redact(line)
    assert json.loads(told) == {
        "message": "login",
        "password": 0,
        "token": None,
        "secrets": ["[hidden]", "c"],
        "pwd": True,
        "n": 1,
    }


def test_two_secrets_of_a_line_are_both_hidden() -> None:
    assert redact(f"password={PLANTED} token={PLANTED}") == "password=[hidden] token=[hidden]"


def test_a_web_token_is_hidden_wherever_it_stands() -> None:
    signed = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    assert redact(f"seen {signed}.") == f"seen {HIDDEN}."


def test_the_lines_of_a_printed_key_are_hidden_one_by_one() -> None:
    key = [
        "-----BEGIN PRIVATE KEY-----",
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg" + "A" * 16,
        "b" * 44 + "==",
    ]
    assert [redact(line) for line in key] == [key[0], HIDDEN, HIDDEN]


@pytest.mark.parametrize(
    "line",
    [
        'FATAL:  password authentication failed for user "shop"',
        "https://prometheus-1:9090/api/v1/query?query=up answered",
        '{"level":"info","msg":"Listening on","address":"[::]:9854"}',
        "2026-11-25 07:24:01.207 UTC [1] LOG stats: 0 xacts/s, 0 queries/s",
        "tokens and passwords are hidden",
        "basic authentication is off",
        "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12 by ada@example.com",
    ],
)
def test_an_ordinary_line_stays_as_it_is(line: str) -> None:
    assert redact(line) == line


def test_every_rule_hides_something_here() -> None:
    """A rule that no sample needs is not tested."""
    lines = [
        *LINES.values(),
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "A" * 64,
        "ghp_" + "a1" * 18,
        '{"password": 918273645}',
    ]
    unused = [rule.name for rule in RULES if not any(rule.apply(line) != line for line in lines)]
    assert unused == []


def test_patterns_are_what_both_languages_know() -> None:
    for rule in RULES:
        assert "`" not in rule.pcre, "the shipper would take it for a variable"
        assert "\n" not in rule.pcre
        re.compile(rule.pcre.replace(r"\K", ""))
