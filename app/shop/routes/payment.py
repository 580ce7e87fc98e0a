"""Payment. The same image can run as a part of its own that gets only these routes from the proxy."""

from fastapi import APIRouter, HTTPException, Response, status

from shop import orders
from shop.routes import health
from shop.routes.common import KnownCaller, ShopState
from shop.routes.orders import OrderId

router = APIRouter(prefix="/pay")


@router.get("/healthz")
async def healthz(shop: ShopState) -> dict[str, str]:
    return {"status": "ok", "instance": shop.instance}


router.get("/statusz")(health.statusz)


@router.post("/{order}")
async def pay(order: OrderId, who: KnownCaller, shop: ShopState) -> Response:
    """Pays once: a second call answers the same and changes nothing."""
    found = await orders.pay(shop.resources.database, order, user=who.user, any_user=who.tier == "admin")
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order")
    row, first = found
    if first:
        # Before the answer: the caller's next read must not meet the unpaid order in the cache.
        await shop.resources.announce("order.paid", order, instance=shop.instance)
    return Response(orders.to_json(row), media_type="application/json")
