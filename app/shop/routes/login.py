"""Who is there: log-in, renewal, log-out."""

import asyncio
import logging

from fastapi import APIRouter, HTTPException, Response, status
from pydantic import BaseModel, ConfigDict, Field

from shop.errors import UnavailableError
from shop.passwords import NOBODY, verify_password
from shop.routes.common import AnyCaller, Shop, ShopState, unauthorized
from shop.tokens import Caller

log = logging.getLogger(__name__)
router = APIRouter()

_USER = "SELECT name, tier, password_hash FROM users WHERE name = %(name)s"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(Body):
    user: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)


class Renewal(Body):
    refresh: str = Field(min_length=1, max_length=64)


class Grant(BaseModel):
    token: str
    expires_in: int
    # None while Redis, which keeps the sessions, is away: the log-in itself does not need it.
    refresh: str | None


@router.post("/login")
async def login(body: Credentials, shop: ShopState) -> Grant:
    row = await shop.resources.database.one(_USER, {"name": body.user})
    stored = row["password_hash"] if row else NOBODY
    if not await asyncio.to_thread(verify_password, body.password, stored) or row is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown user or wrong password")
    try:
        refresh = await shop.sessions.begin(body.user)
    except UnavailableError:
        refresh = None
    return _grant(shop, Caller(row["name"], row["tier"]), refresh)


@router.post("/refresh")
async def renew(body: Renewal, shop: ShopState) -> Grant:
    user = await shop.sessions.end(body.refresh)
    # Read again: a user who was removed or moved to another tier since must not keep the old one.
    row = await shop.resources.database.one(_USER, {"name": user}) if user else None
    if row is None:
        raise unauthorized()
    return _grant(shop, Caller(row["name"], row["tier"]), await shop.sessions.begin(row["name"]))


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
async def logout(body: Renewal, shop: ShopState) -> None:
    await shop.sessions.end(body.refresh)


@router.get("/whoami")
async def whoami(found: AnyCaller, response: Response) -> dict[str, str]:
    # As headers too, so that a proxy can ask here (auth_request) and pick the tier's limits.
    response.headers["X-User"] = found.user
    response.headers["X-Tier"] = found.tier
    return {"user": found.user, "tier": found.tier}


def _grant(shop: Shop, who: Caller, refresh: str | None) -> Grant:
    return Grant(token=shop.tokens.issue(who), expires_in=shop.tokens.seconds, refresh=refresh)
