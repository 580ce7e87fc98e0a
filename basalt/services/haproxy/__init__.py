"""HAProxy: one port that always leads to the primary, one that leads to replicas."""
