"""Images: kept at once, measured by the worker."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response, status

from shop import cache, images
from shop.queues import Job
from shop.routes.common import KnownCaller, RepeatKey, ShopState, json_headers, own_key

router = APIRouter()


@router.post("/images", status_code=status.HTTP_202_ACCEPTED)
async def keep(request: Request, who: KnownCaller, shop: ShopState, key: RepeatKey = None) -> dict[str, object]:
    body = await request.body()
    if not body:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "the body is empty")
    image = await images.keep(shop.resources.database, user=who.user, key=key or own_key(), body=body)
    await shop.resources.sender.send([Job("images", image)])
    return {"id": image, "instance": shop.instance}


@router.get("/images/{image}")
async def show(image: Annotated[int, Path(gt=0, lt=2**63)], shop: ShopState) -> Response:
    found, outcome = await shop.resources.cache.get(
        cache.IMAGES, image, lambda: images.find(shop.resources.database, image)
    )
    headers = json_headers(outcome)
    if found is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such image", headers)
    return Response(found, headers=headers, media_type="application/json")
