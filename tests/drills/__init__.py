"""Backups that are damaged on purpose, and a drill that has to find out."""
