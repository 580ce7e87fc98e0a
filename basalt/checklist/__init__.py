"""What production asks of a stack: its plan, and what was measured of it -> rows. Pure, and names no service."""
