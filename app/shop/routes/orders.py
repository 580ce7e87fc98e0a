"""Orders and the jobs that follow from them."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Response, status
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTasks

from shop import cache, metrics, orders
from shop.queues import ORDER_QUEUES, Job
from shop.routes.common import KnownCaller, RepeatKey, Shop, ShopState, json_headers, own_key

router = APIRouter()

OrderId = Annotated[int, Path(gt=0, lt=2**63)]


class NewOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    product: str = Field(min_length=1, max_length=100)
    quantity: int = Field(gt=0, le=10_000)


@router.post("/orders")
async def place(
    body: NewOrder,
    who: KnownCaller,
    shop: ShopState,
    later: BackgroundTasks,
    key: RepeatKey = None,
) -> Response:
    order, new = await orders.place(
        shop.resources.database,
        user=who.user,
        key=key or own_key(),
        product=body.product,
        quantity=body.quantity,
        instance=shop.instance,
    )
    headers = {"Location": f"/orders/{order['id']}"}
    # Without a key of the client's, one found was written by our own first try.
    if new or key is None:
        metrics.ORDERS.inc()
        # After the answer: the order is safe in PostgreSQL, so a failover of Redis delays its jobs only.
        later.add_task(_follow_up, shop, order["id"])
    else:
        headers["Idempotent-Replayed"] = "true"
    return Response(orders.to_json(order), 201, headers, media_type="application/json", background=later)


@router.get("/orders/{order}")
async def show(order: OrderId, shop: ShopState, source: Literal["primary", "replica"] = "primary") -> Response:
    if source == "replica":
        return _answer(await _from_replica(shop, order), "BYPASS")
    found, outcome = await shop.resources.cache.get(
        cache.ORDERS, order, lambda: orders.find(shop.resources.database, order)
    )
    return _answer(found, outcome)


@router.get("/jobs/{order}")
async def jobs(order: OrderId, shop: ShopState) -> dict[str, object]:
    rows = await orders.jobs(shop.resources.database, order)
    if not rows:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order")
    return {
        "order": order,
        "jobs": [row for row in rows if row["done_at"]],
        "waiting": [row["queue"] for row in rows if not row["done_at"]],
    }


async def _from_replica(shop: Shop, order: int) -> str | None:
    if shop.resources.replica is None:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "no read endpoint is configured")
    return await orders.find(shop.resources.replica, order)


async def _follow_up(shop: Shop, order: int) -> None:
    await shop.resources.sender.send([Job(queue, order) for queue in ORDER_QUEUES])
    await shop.resources.announce("order.created", order, instance=shop.instance)


def _answer(found: str | None, outcome: str) -> Response:
    headers = json_headers(outcome)
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order", headers)
    return Response(found, headers=headers, media_type="application/json")
