"""Mitogen's `linear`, under a name that ansible.cfg finds wherever the environment is: one Python stays on each host
for a whole run, where Ansible would start one for each task."""

from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

__all__ = ["StrategyModule"]
DOCUMENTATION = """
name: persistent
short_description: One Python on each host for a whole run
description: Mitogen's C(mitogen_linear) (mitogen.networkgenomics.com/ansible_detailed.html).
author: basalt
"""
