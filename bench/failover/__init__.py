"""A primary that fails under writers: what clients see of it, with the fencer and without. See `__main__`."""
