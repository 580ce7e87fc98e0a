"""The blackbox exporter: looks at public routes and certificates from outside."""
