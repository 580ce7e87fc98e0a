"""Patroni's REST interface, with the certificate that lets us give orders."""

import json
import ssl
import time
import urllib.request
from pathlib import Path
from typing import Any

_POLL = 0.5  # seconds
_ANSWER = 10  # seconds

Member = dict[str, Any]


class Cluster:
    """The members of a cluster, by their URLs; certificates are in `tls`/control."""

    def __init__(self, members: list[str], tls: Path) -> None:
        self._members = members
        self._tls = ssl.create_default_context(cafile=str(tls / "control" / "ca.crt"))
        self._tls.load_cert_chain(tls / "control" / "tls.crt", tls / "control" / "tls.key")

    def wait_for_leader(self, deadline: float) -> None:
        """Until the cluster has a running leader. TimeoutError at the deadline (monotonic), with the last sight."""
        seen: object = None
        while time.monotonic() < deadline:
            try:
                members = self.members()
            except OSError as error:
                seen = error
            else:
                seen = {member["name"]: f"{member['role']} {member['state']}" for member in members}
                if any(member["role"] == "leader" and member["state"] == "running" for member in members):
                    return
            time.sleep(_POLL)
        raise TimeoutError(f"the cluster has no leader; last seen: {seen}")

    def members(self) -> list[Member]:
        """Every member that the cluster knows: `name`, `role`, `state`, `api_url`, `host`, `port`."""
        found: list[Member] = self._ask("GET", "/cluster")["members"]
        return found

    def configuration(self) -> Any:
        """The dynamic configuration."""
        return self._ask("GET", "/config")

    def configure(self, patch: dict[str, Any]) -> None:
        """Changes the dynamic configuration; members take it up within a second or two."""
        self._ask("PATCH", "/config", patch)

    def restart_pending(self, member: Member) -> bool:
        """Whether a member runs with values that only a restart can change."""
        return bool(self._call("GET", _base(member) + "/patroni").get("pending_restart"))

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        """The first answer of any member; the last one's OSError when none gives one."""
        for member in self._members[:-1]:
            try:
                return self._call(method, member + path, body)
            except OSError:
                continue
        return self._call(method, self._members[-1] + path, body)

    def _call(self, method: str, url: str, body: object = None, seconds: float = _ANSWER) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method)  # noqa: S310  https, from the plan
        with urllib.request.urlopen(request, timeout=seconds, context=self._tls) as answer:  # noqa: S310
            text = answer.read()
            return json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text


def _base(member: Member) -> str:
    return str(member["api_url"]).removesuffix("/patroni")
