"""Prometheus: scrapes whatever offers metrics."""
