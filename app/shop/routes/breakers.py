"""The circuit breakers of this replica: look, and close one by hand."""

from fastapi import APIRouter, HTTPException, status

from shop.routes.common import KnownCaller, Shop, ShopState

router = APIRouter(prefix="/breakers")


@router.get("")
async def show(who: KnownCaller, shop: ShopState) -> dict[str, object]:
    _only_admin(who.tier)
    return _described(shop)


@router.post("/{name}/reset")
async def reset(name: str, who: KnownCaller, shop: ShopState) -> dict[str, object]:
    _only_admin(who.tier)
    breaker = shop.resources.redis.breaker
    if name != breaker.name:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such breaker")
    breaker.reset()
    return _described(shop)


def _only_admin(tier: str) -> None:
    if tier != "admin":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "for administrators")


def _described(shop: Shop) -> dict[str, object]:
    breaker = shop.resources.redis.breaker
    state = {"state": breaker.state, "trips": breaker.trips}
    return {"instance": shop.instance, "breakers": {breaker.name: state}}
