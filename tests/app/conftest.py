"""Configurations as basalt renders them."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def content() -> dict[str, Any]:
    """What basalt renders, with nothing that has a default."""
    database = {"hosts": ["pgbouncer-1:6432"], "name": "shop", "user": "shop_app", "password_file": "/secrets/database"}
    return {
        "listen": {"certificate": "/tls/tls.crt", "key": "/tls/tls.key"},
        "instance": "api-1",
        "authority": "/tls/ca.crt",
        "database": database,
        "redis": {
            "sentinels": ["redis-sentinel-1:26379", "[fd00::1]:26379"],
            "master": "main",
            "password_file": "/secrets/redis",
            "sentinel_password_file": "/secrets/sentinel",
        },
        "queues": {"dispatch": 4},
        "tokens": {"key_file": "/secrets/token-key"},
    }


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Writes a configuration and gives its path."""

    def written(content: dict[str, Any]) -> Path:
        path = tmp_path / "app.json"
        path.write_text(json.dumps(content))
        return path

    return written
