"""nginx: the edge. TLS, routes, limits; the only part that people outside reach."""
