"""Rows on Pulumi's state, and on what would be lost with this machine."""

from collections.abc import Iterator
from pathlib import PurePath
from urllib.parse import urlsplit

from basalt.checklist.facts import Facts, State
from basalt.checklist.row import STACK, Question, Row, Unasked, Verdict
from basalt.targets.docker import container as words

_UP = "run basalt up"
_WRONG = "docs/OPERATIONS.md#when-something-is-wrong"
_SECURITY = "docs/SECURITY.md"

_STATE = Question("state", "Pulumi knows every container, and no run was interrupted", _UP, _WRONG)
_PASSPHRASE = Question("passphrase", "only its owner reads the passphrase", "chmod 600 the file", _SECURITY)
_ENCRYPTED = Question(
    "encrypted",
    "secrets in the stack file are encrypted",
    "set them again with pulumi config set --secret, and change them: they were in clear",
    _SECURITY,
)
_DRIFT = Question(
    "drift", "an up would change nothing", "basalt up, after a look at pulumi preview --refresh --diff", _WRONG
)


def rows(facts: Facts) -> Iterator[Row]:
    """All of them."""
    if isinstance(facts.clear, Unasked):
        yield _ENCRYPTED.unknown(STACK, facts.clear)
    else:
        yield _ENCRYPTED.answer(STACK, f"{', '.join(facts.clear) or 'none'} in clear", well=not facts.clear)
    yield from _state(facts)
    if facts.drift is not None:
        yield _drift(facts.drift)


def _state(facts: Facts) -> Iterator[Row]:
    away = Question(
        "away",
        "state and passphrase outlive this machine",
        "PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE_FILE name a place that does; copy .basalt/passphrase there",
        "README.md#next",
        Verdict.WARN,
    )
    state = facts.state
    if isinstance(state, Unasked):
        yield from (question.unknown(STACK, state) for question in (_STATE, _PASSPHRASE, away))
        return
    yield _known(facts, state)
    told = f"{PurePath(state.passphrase).name} can be read by others" if state.readable else "nobody else"
    yield _PASSPHRASE.answer(STACK, told, well=not state.readable)
    yield away.answer(STACK, f"state at {_place(state)}", well=not (facts.strict and _place(state) == "this machine"))


def _place(state: State) -> str:
    url = urlsplit(state.place)
    return "this machine" if url.scheme == "file" else f"{url.scheme}://{url.hostname or ''}"


def _known(facts: Facts, state: State) -> Row:
    found, unasked = facts.found()
    strange = [planned.instance for planned, told in found if told["Id"] not in state.ids]
    faults = {words.container_name(facts.plan.site, i): "is not in the state" for i in strange}
    faults |= dict.fromkeys(state.pending, "was not finished")
    return _STATE.of_all(STACK, "containers", faults, len(found), unasked)


def _drift(told: str | Unasked) -> Row:
    if isinstance(told, Unasked):
        return _DRIFT.unknown(STACK, told)
    return _DRIFT.answer(STACK, told or "nothing", well=not told)
