"""What routes share: the state of the application, the caller, the key of a repeatable request."""

import uuid
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, HTTPException, status
from starlette.requests import HTTPConnection

from shop.events import Hub
from shop.resources import Resources
from shop.sessions import Sessions
from shop.tokens import ANONYMOUS, Caller, InvalidTokenError, Tokens


@dataclass
class Lifecycle:
    draining: bool = False


@dataclass(frozen=True)
class Shop:
    resources: Resources
    tokens: Tokens
    sessions: Sessions
    hub: Hub
    lifecycle: Lifecycle

    @property
    def instance(self) -> str:
        return self.resources.settings.instance


def unauthorized() -> HTTPException:
    return HTTPException(
        status.HTTP_401_UNAUTHORIZED,
        "log in and send the token as a bearer",
        {"WWW-Authenticate": "Bearer"},
    )


async def current_shop(connection: HTTPConnection) -> Shop:
    shop: Shop = connection.app.state.shop
    return shop


ShopState = Annotated[Shop, Depends(current_shop)]


async def caller(connection: HTTPConnection, shop: ShopState) -> Caller:
    header = connection.headers.get("authorization")
    if header is None:
        return ANONYMOUS
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise unauthorized()
    try:
        return shop.tokens.verify(token.strip())
    except InvalidTokenError as error:
        raise unauthorized() from error


AnyCaller = Annotated[Caller, Depends(caller)]


async def known_caller(found: AnyCaller) -> Caller:
    if found is ANONYMOUS:
        raise unauthorized()
    return found


KnownCaller = Annotated[Caller, Depends(known_caller)]


RepeatKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=128)]


def own_key() -> str:
    """For a client that sent none: it makes our own repetitions after a lost connection safe."""
    return f"auto-{uuid.uuid4().hex}"


def json_headers(cache: str | None = None) -> dict[str, str]:
    return {"X-Cache": cache} if cache else {}
