"""What the command line does to a live stack."""
