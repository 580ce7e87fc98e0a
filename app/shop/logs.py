"""One JSON object a line on standard output; what looks like a secret never leaves the process."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")

_SECRETS = (
    # Signed tokens, wherever they stand.
    (re.compile(r"eyJ[\w-]{4,}\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"'\\]+"), r"\1 [hidden]"),
    # key=value, "key": "value" and 'key': 'value', also when quoted inside a JSON string.
    (
        re.compile(
            r"(?i)(passw(?:or)?d|secret|token|refresh|authorization)([\\\"']*\s*[=:]\s*[\\\"']*)(?!\[)[^\s\"'\\&,;}\])]+"
        ),
        r"\1\2[hidden]",
    ),
    # user:password@host in a URL.
    (re.compile(r"(?i)(\w+://[^\s:/@\"]+:)[^\s@\"]+@"), r"\1[hidden]@"),
)


def redact(line: str) -> str:
    for pattern, replacement in _SECRETS:
        line = pattern.sub(replacement, line)
    return line


class JsonLines(logging.Formatter):
    def __init__(self, service: str, instance: str) -> None:
        super().__init__()
        self._identity = {"service": service, "instance": instance}

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._identity,
            "request_id": request_id.get(),
            "message": record.getMessage(),
            "logger": record.name,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(entry, default=str, ensure_ascii=False))


def configure(service: str, instance: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(service, instance))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # Both narrate each connection and each message; their warnings are what an operator needs.
    for chatty in ("psycopg.pool", "dramatiq"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
