"""Loops over all plans that name no service: what one topology means to Ansible, to monitoring, to a bill."""
