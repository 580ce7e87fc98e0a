"""Docker hosts: one engine a host, containers with fixed addresses, files in volumes of their own."""
