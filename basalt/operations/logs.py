"""`basalt logs`: questions to the store of logs, from inside its container: nothing of it needs to be published."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from docker.errors import APIError, NotFound

from basalt.plan import survey
from basalt.site import Instance, Site
from basalt.targets.docker.address import describe
from basalt.targets.docker.container import container_name
from basalt.targets.docker.engine import connect
from basalt.topology.model import Topology
from basalt.workload import FILES

Entry = dict[str, str]

#: Seconds. Lines come within two; who follows looks again this far back for those that came late.
_LATE, _PAUSE = 15, 1
_SINCE = re.compile(r"[1-9]\d*[smhdw]")
_LEVELS = ("fatal", "error", "warning", "info", "debug")


class LogsError(Exception):
    """The store cannot be asked, or does not understand the question."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for. `words` is LogsQL (docs.victoriametrics.com/victorialogs/logsql)."""

    since: str = "10m"
    service: str = ""
    request_id: str = ""
    level: str = ""
    words: str = ""
    limit: int = 200


def bounds(question: Question) -> str:
    """All but its words, in LogsQL."""
    exact = {"service": question.service, "request_id": question.request_id, "level": question.level}
    return " ".join(
        [f"_time:{question.since}", *(f"{key}:={json.dumps(value)}" for key, value in exact.items() if value)]
    )


def problems(question: Question, topology: Topology) -> Iterator[str]:
    """What is wrong with a question, with what to write."""
    if not _SINCE.fullmatch(question.since):
        yield f"--since {question.since}: write a number and s, m, h, d or w, for instance 10m"
    if question.service and question.service not in topology.services:
        yield f"--service {question.service}: stack {topology.name} has {', '.join(sorted(topology.services))}"
    if question.level and question.level not in _LEVELS:
        yield f"--level {question.level}: write one of {', '.join(_LEVELS)}"


def told(entry: Entry) -> str:
    """A line for people. What a pipe of the query made has no message: all of it is shown."""
    if "_msg" not in entry:
        return " ".join(f"{key}={value}" for key, value in entry.items())
    words = [entry.get("_time", "")[:23].replace("T", " "), f"{entry.get('level', '-'):7}", entry.get("instance", "-")]
    request = f" request_id={entry['request_id']}" if "request_id" in entry else ""
    return f"{' '.join(words)}  {entry['_msg']}{request}"


def search(topology: Topology, question: Question) -> list[Entry]:
    """The lines found, the oldest first. Raises LogsError, EngineError."""
    wrong = list(problems(question, topology))
    if wrong:
        raise LogsError("\n".join(wrong))
    return _ask(survey(topology), question)


def follow(topology: Topology, question: Question, pause: Callable[[float], None] = time.sleep) -> Iterator[Entry]:
    """What is found, then what comes, without end. Raises as `search`."""
    seen: set[tuple[str, ...]] = set()
    while True:
        found = search(topology, question)
        keys = [_key(entry) for entry in found]
        yield from (entry for entry, key in zip(found, keys, strict=True) if key not in seen)
        # From the second look on, everything that is found again was shown or is older than the first.
        seen |= set(keys)
        question = Question(
            f"{_LATE}s", question.service, question.request_id, question.level, question.words, question.limit
        )
        pause(_PAUSE)


def _key(entry: Entry) -> tuple[str, ...]:
    return (entry.get("_time", ""), entry.get("instance", ""), entry.get("_msg", ""))


def _ask(site: Site, question: Question) -> list[Entry]:
    store = next((i for i in site.instances if i.workload.keeps_logs), None)
    if store is None:
        raise LogsError(f"stack {site.topology.name} keeps no logs; add `logs: {{}}` to its services")
    try:
        container = connect(describe(site.host(store))).containers.get(container_name(site, store))
        code, output = container.exec_run(list(_command(store, question)), demux=True)
    except (NotFound, APIError) as error:
        raise LogsError(f"{store.name} cannot be asked: {error}; is the stack up?") from None
    told, complaint = (part.decode(errors="replace") if isinstance(part, bytes) else "" for part in output)
    if code:
        raise LogsError(f"{store.name} does not answer {question.words!r}: {_reason(told, complaint)}")
    return sorted((json.loads(line) for line in told.splitlines() if line), key=lambda entry: entry.get("_time", ""))


def _command(store: Instance, question: Question) -> Iterator[str]:
    port = store.workload.ports[store.workload.keeps_logs].number
    yield from ("curl", "--config", f"{FILES}/search", "--data-urlencode", f"query={question.words or '*'}")
    # Of more lines, those of the end of the time; and an `or` of the words does not open the bounds.
    yield from ("--data-urlencode", f"extra_filters={bounds(question)}", "--data", f"limit={question.limit}")
    yield f"https://localhost:{port}/select/logsql/query"


def _reason(told: str, complaint: str) -> str:
    """The last words of the answer say what is wrong with a query; without an answer, curl says why."""
    return (told or complaint).strip().splitlines()[-1] if (told or complaint).strip() else "it said nothing"
