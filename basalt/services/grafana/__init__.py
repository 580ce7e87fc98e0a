"""Grafana: shows every service's dashboard."""
