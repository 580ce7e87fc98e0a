"""Questions to the store of logs."""

import pytest

from basalt.operations import logs
from basalt.operations.logs import LogsError, Question, bounds, search, told
from tests.stacks import ONE_HOST, topology


def test_the_bounds_are_exact() -> None:
    question = Question("2h", service="nginx", request_id="a-1", level="error", words="upstream or timeout")
    assert bounds(question) == '_time:2h service:="nginx" request_id:="a-1" level:="error"'


def test_no_quote_leads_out_of_a_bound() -> None:
    assert bounds(Question(request_id='a" or *')) == '_time:10m request_id:="a\\" or *"'


@pytest.mark.parametrize(
    ("question", "remedy"),
    [
        (Question(since="yesterday"), "--since yesterday: write a number and s, m, h, d or w"),
        (Question(service="mail"), "--service mail: stack lab has etcd"),
        (Question(level="loud"), "--level loud: write one of fatal, error"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_write(question: Question, remedy: str) -> None:
    with pytest.raises(LogsError, match=remedy):
        search(topology(), question)


def test_a_stack_without_logs_says_so() -> None:
    with pytest.raises(LogsError, match=r"add `logs: \{\}` to its services"):
        search(topology(ONE_HOST), Question())


def test_a_line_is_told_with_time_level_and_who_wrote_it() -> None:
    entry = {
        "_time": "2026-11-25T07:15:43.280175931Z",
        "level": "error",
        "instance": "api-1",
        "_msg": "it broke",
        "request_id": "r1",
    }
    assert told(entry) == "2026-11-25 07:15:43.280 error   api-1  it broke request_id=r1"
    assert told({"service": "nginx", "n": "3"}) == "service=nginx n=3"


def test_who_follows_sees_each_line_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = {"_time": "1", "instance": "api-1", "_msg": "one"}
    late = {"_time": "0", "instance": "api-2", "_msg": "late"}
    answers = iter([[first], [late, first], [late, first, {"_time": "2", "_msg": "two"}]])
    asked: list[str] = []

    def answer(_topology: object, question: Question) -> list[logs.Entry]:
        asked.append(question.since)
        return next(answers)

    monkeypatch.setattr(logs, "search", answer)
    stream = logs.follow(topology(), Question("1h"), pause=lambda _: None)
    assert [next(stream)["_msg"] for _ in range(3)] == ["one", "late", "two"]
    assert asked == ["1h", "15s", "15s"]
