"""Logs: one shipper on each host, one store with search."""
