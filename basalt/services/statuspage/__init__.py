"""The public status page, served apart from what it reports on."""
