"""Proves that a dead or hung primary is dead and gives its lock away, so that a replica need not wait for `ttl`."""
