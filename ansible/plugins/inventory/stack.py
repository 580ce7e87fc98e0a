"""Hands a stack file to Ansible: the file that Pulumi reads is the inventory, there is no second list of hosts."""

import re
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

from basalt.collect.inventory import inventory
from basalt.topology.load import load_stack
from basalt.topology.problem import StackError

DOCUMENTATION = r"""
name: stack
short_description: The hosts and containers of a basalt stack file
description:
  - Reads C(stacks/Pulumi.<stack>.yaml), checks it as C(basalt plan) does, and gives what it means.
  - Hosts are in C(machines), and by environment, region, zone, tier, service and workload (C(zone_a),
    C(service_postgres), C(workload_redis_sentinel)). Containers that run on are in C(containers).
  - Variables begin with C(basalt_). No secret is among them.
author: basalt
options: {}
"""

EXAMPLES = r"""
# ansible-inventory -i stacks/Pulumi.dev.yaml --graph
# ansible-playbook -i stacks/Pulumi.dev.yaml ansible/playbooks/verify.yml
"""

_SOURCE = re.compile(r"Pulumi\.(?P<stack>[a-z][a-z0-9-]*)\.yaml")


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]  # Ansible is not typed
    """See docs.ansible.com, "Developing dynamic inventory"."""

    NAME = "stack"
    # A stack file is the operator's own, like a YAML inventory. Without this, every string is marked as unsafe, and
    # testinfra reads the mark in place of the value.
    trusted_by_default = True

    def verify_file(self, path: str) -> bool:
        """Only stack files; that they are right is told by `parse`."""
        return bool(super().verify_file(path) and _SOURCE.fullmatch(Path(path).name))

    def parse(self, inventory_data: Any, loader: Any, path: str, cache: bool = True) -> None:  # noqa: FBT001, FBT002
        """Fills Ansible's inventory. A wrong stack file is told in the words of `basalt plan`."""
        super().parse(inventory_data, loader, path, cache)
        source = Path(path)
        found = _SOURCE.fullmatch(source.name)
        try:
            made = inventory(load_stack(source.parent.parent, found["stack"] if found else source.name))
        except StackError as error:
            raise AnsibleParserError(str(error)) from None
        for group, members in made.members.items():
            self.inventory.add_group(group)
            for member in members:
                self.inventory.add_host(member, group=group)
        for host, variables in made.hosts.items():
            self._set(host, variables)
        for group, variables in made.variables.items():
            self.inventory.add_group(group)
            self._set(group, variables)

    def _set(self, entity: str, variables: dict[str, Any]) -> None:
        for name, value in variables.items():
            self.inventory.set_variable(entity, name, value)
