"""The table of strategies."""

from shop.cache import MARK, ORDERS, STRATEGIES, is_value, keys_ended_by


def test_names_are_unique_and_every_strategy_ends() -> None:
    assert len({strategy.name for strategy in STRATEGIES}) == len(STRATEGIES)
    assert all(0 < strategy.ttl <= 3600 and strategy.ended_by for strategy in STRATEGIES)


def test_orders_live_for_a_minute_under_their_own_key() -> None:
    assert ORDERS.ttl == 60
    assert ORDERS.key(7) == "cache:orders:7"


def test_a_write_ends_what_it_makes_stale_and_nothing_else() -> None:
    assert keys_ended_by("order.paid", 7) == ["cache:orders:7"]
    assert keys_ended_by("order.dispatched", 7) == ["cache:orders:7"]
    assert keys_ended_by("image.measured", 7) == ["cache:images:7"]
    assert keys_ended_by("order.created", 7) == []


def test_neither_nothing_nor_a_mark_is_a_value() -> None:
    assert is_value('{"id": 7}')
    assert not is_value("")
    assert not is_value(f"{MARK}5f2a")
