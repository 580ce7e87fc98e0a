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


class Asker:
    """Asks for all looks and alerts between two times, from the first source that answers; raises Unanswered. A
    connection is kept from turn to turn: to begin one costs both ends more than all that is asked."""

    def __init__(self) -> None:
        self._open: dict[Source, _Connection] = {}

    def __call__(self, config: Config, begin: float, end: float) -> Answer:
        complaints = []
        for source in config.sources:
            try:
                return Answer(self._series(source, PROBES, begin, end), self._series(source, ALERTS, begin, end))
            except (OSError, HTTPException, ValueError, KeyError) as error:
                complaints.append(f"{source.address}: {error!r}")
        raise Unanswered("; ".join(complaints))

    def _series(self, source: Source, selector: str, begin: float, end: float) -> list[Series]:
        """The samples as they were taken (prometheus.io/docs, querying/api: a range vector, asked for at one time)."""
        query = urlencode({"query": f"{selector}[{round((end - begin) * 1000)}ms]", "time": f"{end:.3f}"})
        body = json.loads(self._get(source, f"/api/v1/query?{query}"))
        if body["status"] != "success":
            raise ValueError(body.get("error", "refused"))
        return [
            Series(one["metric"], [(float(time), float(value)) for time, value in one["values"]])
            for one in body["data"]["result"]
        ]

    def _get(self, source: Source, path: str) -> bytes:
        kept = self._open.pop(source, None)
        if kept:
            try:
                return self._answer(source, kept, path)
            except (ConnectionError, ssl.SSLError, HTTPException):
                pass  # the far end may have closed it meanwhile, so that says nothing yet; a time-out does
        return self._answer(source, _Connection(source), path)

    def _answer(self, source: Source, connection: _Connection, path: str) -> bytes:
        """Keeps a connection that has worked."""
        try:
            connection.request("GET", path)
            body = connection.getresponse().read()
        except (OSError, HTTPException):
            connection.close()
            raise
        self._open[source] = connection
        return body
