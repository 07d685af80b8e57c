"""The command line in containers: ``docker compose run --rm orders ...``."""

import json

from harness.containers import ContainerStack
from harness.world import insert, until_well


def test_commands_reach_the_system(containers: ContainerStack) -> None:
    """Without any setting, the command line talks to the edge and exports what is stored."""
    until_well(containers)
    insert(containers, "Desk", 3)
    exported = containers.compose("run", "--rm", "orders", "export")
    assert exported.count("Desk") == 3
    types = containers.compose("run", "--rm", "orders", "types", "--language", "typescript")
    assert "customer_name" in types


def test_the_tool_reaches_neither_database_nor_redis(containers: ContainerStack) -> None:
    """I9: the command line is a client; it has no network and no secret of the services."""
    config = json.loads(containers.compose("--profile", "tools", "config", "--format", "json"))
    tool = config["services"]["orders"]
    assert tool["network_mode"] == "service:edge"
    assert not tool.get("volumes")
    assert not [name for name in tool["environment"] if name.startswith(("DB_", "REDIS_"))]
