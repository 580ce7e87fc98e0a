"""Targets make a plan real. They know the neutral words and no service by name.

Nothing is imported here: a dynamic provider loads one module of it, and pays for all that comes along."""
