"""`basalt restore`."""
