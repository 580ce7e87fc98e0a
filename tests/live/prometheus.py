"""What the stack's own Prometheus says."""

import json
from typing import Any
from urllib.parse import quote

from tests.live.project import Project, execute


def ask(project: Project, path: str) -> Any:
    """The data that it gives for a path of its API."""
    container = project.containers()["prometheus-1"]
    url = f"https://localhost:9090/api/v1/{path}"
    return json.loads(execute(container, "curl", "-fsS", "--cacert", "/etc/basalt/tls/stack/ca.crt", url))["data"]


def series(project: Project, query: str) -> list[dict[str, str]]:
    """The labels of what a query finds now."""
    return [found["metric"] for found in ask(project, f"query?query={quote(query)}")["result"]]
