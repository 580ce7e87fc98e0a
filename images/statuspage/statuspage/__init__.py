"""Writes the public status page, out of what probes found. Times are seconds since 1970 in UTC."""
