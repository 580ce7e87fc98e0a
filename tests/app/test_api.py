"""The application while its dependencies are away: it starts, lives, and refuses whom it must.

What it does with them is proved on a live stack.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from shop.api import build
from shop.settings import Settings
from shop.tokens import Caller, Tokens

Visit = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


@pytest.fixture
def settings(content: dict[str, Any], tmp_path: Path) -> Settings:
    secret = tmp_path / "secret"
    secret.write_text("k" * 32)
    nowhere = "127.0.0.1:1"
    content["database"] |= {"hosts": [nowhere], "password_file": str(secret), "pool_min": 0}
    content["redis"] |= {"sentinels": [nowhere], "password_file": str(secret), "sentinel_password_file": str(secret)}
    content["tokens"]["key_file"] = str(secret)
    return Settings.model_validate(content)


def visit(settings: Settings, request: Visit) -> httpx.Response:
    """One request to an application that was just started."""

    async def run() -> httpx.Response:
        app, _ = build(settings)
        async with (
            app.router.lifespan_context(app),  # httpx starts none
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://shop") as client,
        ):
            return await request(client)

    return asyncio.run(run())


def bearer(settings: Settings, tier: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {Tokens(settings.tokens).issue(Caller('someone', tier))}"}


def test_it_lives_and_passes_the_request_id_on(settings: Settings) -> None:
    answer = visit(settings, lambda client: client.get("/healthz", headers={"X-Request-ID": "probe-1"}))
    assert answer.json() == {"status": "ok", "instance": "api-1"}
    assert answer.headers["X-Request-ID"] == "probe-1"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/statusz", "/pay/statusz"])
def test_without_its_database_it_tells_anybody_that_users_are_not_served_and_not_why(
    settings: Settings, path: str
) -> None:
    answer = visit(settings, lambda client: client.get(path))
    assert (answer.status_code, answer.json()) == (503, {"status": "failed"})


def test_whoami_tells_the_tier_to_the_caller_and_to_the_proxy(settings: Settings) -> None:
    headers = bearer(settings, "driver")
    answer = visit(settings, lambda client: client.get("/whoami", headers=headers))
    assert answer.json() == {"user": "someone", "tier": "driver"}
    assert answer.headers["X-Tier"] == "driver"


def test_without_a_token_one_is_anonymous(settings: Settings) -> None:
    assert visit(settings, lambda client: client.get("/whoami")).json()["tier"] == "anonymous"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic dTpw", "nonsense"])
def test_a_wrong_token_is_401_not_anonymous(settings: Settings, header: str) -> None:
    answer = visit(settings, lambda client: client.get("/whoami", headers={"Authorization": header}))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/orders", "/images", "/pay/1"])
def test_writing_needs_a_token(settings: Settings, path: str) -> None:
    assert visit(settings, lambda client: client.post(path, json={})).status_code == 401


@pytest.mark.parametrize(("tier", "code"), [("client", 403), ("admin", 200)])
def test_breakers_are_for_administrators(settings: Settings, tier: str, code: int) -> None:
    headers = bearer(settings, tier)
    assert visit(settings, lambda client: client.get("/breakers", headers=headers)).status_code == code


@pytest.mark.parametrize("body", [{}, {"product": "", "quantity": 1}, {"product": "x", "quantity": 0}, {"a": 1}])
def test_an_order_that_makes_no_sense_is_422(settings: Settings, body: dict[str, Any]) -> None:
    headers = bearer(settings, "client")
    assert visit(settings, lambda client: client.post("/orders", json=body, headers=headers)).status_code == 422


def test_a_body_beyond_the_limit_is_413(settings: Settings) -> None:
    headers = bearer(settings, "client")
    answer = visit(settings, lambda client: client.post("/images", content=b"x" * 1_000_001, headers=headers))
    assert answer.status_code == 413


def test_metrics_do_not_wait_for_redis(settings: Settings) -> None:
    text = visit(settings, lambda client: client.get("/metrics")).text
    assert "orders_total" in text
    assert 'database_pool{kind="pool_size",pool="database"}' in text
    assert "\nqueue_depth{" not in text, "an old depth must not look like a present one"


def test_every_answer_is_described(settings: Settings) -> None:
    described = visit(settings, lambda client: client.get("/openapi.json"))
    assert {"/orders", "/whoami", "/pay/{order}"} <= set(json.loads(described.text)["paths"])
