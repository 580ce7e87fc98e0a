"""Questions to Prometheus over verified TLS, by number: the far end proves its name."""

import json
import socket
import ssl
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlencode

from statuspage.config import Config, Source
from statuspage.looks import ALERTS, PROBES, Answer, Series
from statuspage.writer import Unanswered

#: Seconds for one answer. Longer, and the page would be late.
_PATIENCE = 4


class _Connection(HTTPSConnection):
    def __init__(self, source: Source) -> None:
        host, port = source.address.rsplit(":", 1)
        super().__init__(host, int(port), timeout=_PATIENCE)
        self._certified = source.certified
        self._tls = ssl.create_default_context(cafile=source.authority)

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._certified)


def ask(config: Config, begin: float, end: float) -> Answer:
    """All looks and alerts between two times, from the first source that answers. Raises Unanswered."""
    complaints = []
    for source in config.sources:
        try:
            return Answer(_series(source, PROBES, begin, end), _series(source, ALERTS, begin, end))
        except (OSError, HTTPException, ValueError, KeyError) as error:
            complaints.append(f"{source.address}: {error!r}")
    raise Unanswered("; ".join(complaints))


def _series(source: Source, selector: str, begin: float, end: float) -> list[Series]:
    """The samples as they were taken (prometheus.io/docs, querying/api: a range vector, asked for at one time)."""
    query = urlencode({"query": f"{selector}[{round((end - begin) * 1000)}ms]", "time": f"{end:.3f}"})
    connection = _Connection(source)
    try:
        connection.request("GET", f"/api/v1/query?{query}")
        body = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    if body["status"] != "success":
        raise ValueError(body.get("error", "refused"))
    return [
        Series(one["metric"], [(float(time), float(value)) for time, value in one["values"]])
        for one in body["data"]["result"]
    ]
