"""What the worker does for each queue.

Each job marks itself done in the same statement as its effect, so one that arrives twice acts once.
"""

import logging
from collections.abc import Awaitable, Callable

from shop import images
from shop.queues import Job
from shop.resources import Resources
from shop.settings import Queue

log = logging.getLogger(__name__)

_DONE = """
    WITH done AS (
        UPDATE order_jobs SET done_at = now(), instance = %(instance)s
        WHERE order_id = %(id)s AND queue = %(queue)s AND done_at IS NULL
        RETURNING order_id
    ), subject AS (
        SELECT orders.* FROM orders JOIN done ON orders.id = done.order_id
    )"""

_NOTIFY = f"""{_DONE}
    INSERT INTO notifications (order_id, user_name, message)
    SELECT id, user_name, 'Your order of ' || quantity || ' x ' || product || ' was received.' FROM subject
    RETURNING order_id
"""
_DISPATCH = f"""{_DONE}
    UPDATE orders SET status = 'dispatched' FROM subject WHERE orders.id = subject.id
    RETURNING orders.id
"""
_ANALYSE = f"""{_DONE}
    INSERT INTO sales AS total (day, product, orders, quantity)
    SELECT created_at::date, product, 1, quantity FROM subject
    ON CONFLICT (day, product) DO UPDATE
    SET orders = total.orders + 1, quantity = total.quantity + excluded.quantity
    RETURNING day
"""

BATCH = 500

# What has been on its way for too long: the pause doubles from 15 s to 10 minutes, for about an hour.
_LATE = f"""
    done_at IS NULL AND tries < 10
    AND sent_at < now() - make_interval(secs => least(15 * 2 ^ tries, 600))
    ORDER BY sent_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED"""
_RESEND_ORDERS = f"""
    UPDATE order_jobs SET sent_at = now(), tries = tries + 1
    WHERE (order_id, queue) IN (SELECT order_id, queue FROM order_jobs WHERE {_LATE})
    RETURNING queue, order_id AS subject
"""
_RESEND_IMAGES = f"""
    UPDATE images SET sent_at = now(), tries = tries + 1
    WHERE id IN (SELECT id FROM images WHERE {_LATE.replace("done_at", "measured_at")})
    RETURNING 'images' AS queue, id AS subject
"""


async def notify(resources: Resources, order: int) -> bool:
    return await _run(resources, _NOTIFY, "notifications", order)


async def dispatch(resources: Resources, order: int) -> bool:
    first = await _run(resources, _DISPATCH, "dispatch", order)
    if first:
        instance = resources.settings.instance
        await resources.announce("order.dispatched", order, instance=instance)
    return first


async def analyse(resources: Resources, order: int) -> bool:
    return await _run(resources, _ANALYSE, "analytics", order)


async def measure(resources: Resources, image: int) -> bool:
    first = await images.measure(resources.database, image, resources.settings.instance)
    if first:
        await resources.announce("image.measured", image)
    return first


# Each answers whether there was something left to do.
HANDLERS: dict[Queue, Callable[[Resources, int], Awaitable[bool]]] = {
    "notifications": notify,
    "dispatch": dispatch,
    "analytics": analyse,
    "images": measure,
}


async def late_jobs(resources: Resources) -> list[Job]:
    """Marks what is late as sent again; several workers may ask at once, each gets others."""
    rows = [
        *await resources.database.fetch(_RESEND_ORDERS),
        *await resources.database.fetch(_RESEND_IMAGES),
    ]
    return [Job(row["queue"], row["subject"]) for row in rows]


async def _run(resources: Resources, statement: str, queue: Queue, order: int) -> bool:
    parameters = {"id": order, "queue": queue, "instance": resources.settings.instance}
    return await resources.database.one(statement, parameters) is not None
