"""Alertmanager: groups alerts, holds back what others explain, and tells people."""
