"""Metrics of the hosts themselves."""
