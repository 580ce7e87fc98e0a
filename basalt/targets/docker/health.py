"""Whether a container is well: as the engine says, or, where the engine has not found it healthy yet (or not again), as
the container's own probe answers when it is run now. The engine's first look comes a whole interval after a start
(engines before API 1.44 know no `StartInterval`)."""

import time
from http import HTTPStatus
from typing import Any

from docker.errors import APIError
from docker.models.containers import Container

_POLL = 0.05  # seconds between two looks at a probe that runs
_NANO = 1_000_000_000
#: What the engine says, with a 500, of a container that is just ending (runc, "cannot exec in a deleted state").
_ENDING = "cannot exec in a"


def well(container: Container, patience: int = 0) -> bool:
    """Running, and healthy where it has a probe. Whoever the engine looks at within `patience` seconds is left to it. A
    look of our own does not change what the engine says."""
    state = container.attrs["State"]
    health = state.get("Health", {}).get("Status")
    return bool(state["Running"]) and (health in (None, "healthy") or _answers(container, patience))


def _answers(container: Container, patience: int) -> bool:
    probe = container.attrs["Config"]["Healthcheck"]
    if probe["Interval"] <= patience * _NANO:
        return False
    client: Any = container.client
    try:
        # Detached: the engine knows no end for a command that hangs.
        look = client.api.exec_create(container.id, _command(*probe["Test"]), stdout=False, stderr=False)["Id"]
        client.api.exec_start(look, detach=True)
        return _code(client, look, probe["Timeout"] / _NANO) == 0
    except APIError as error:
        # It has stopped since, and the look ended with it; one that is gone is missed when it is looked for again.
        if error.status_code in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND) or _ENDING in str(error.explanation):
            return False
        raise


def _command(kind: str, *words: str) -> list[str]:
    """A probe as the engine would run it (docs.docker.com, engine API, `HealthConfig`)."""
    return ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else list(words)


def _code(client: Any, look: str, seconds: float) -> int | None:
    """The exit code of a command; None while it still runs after so many seconds."""
    deadline = time.monotonic() + seconds
    while (told := client.api.exec_inspect(look))["Running"] and time.monotonic() < deadline:
        time.sleep(_POLL)
    code: int | None = told["ExitCode"]
    return code
