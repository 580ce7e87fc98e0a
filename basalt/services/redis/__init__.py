"""Redis under Sentinel: cache, sessions and queues."""
