"""The command line in containers: ``docker compose run --rm orders ...``."""

import json

from harness.containers import ContainerStack
from harness.world import insert, until_well

_RUN = ("run", "--rm", "orders")


def test_commands_reach_the_system(containers: ContainerStack) -> None:
    """Without any setting, the command line talks to the edge and exports what is stored."""
    until_well(containers)
    insert(containers, "Desk", 3)
    exported = containers.compose(*_RUN, "export")
    assert exported.count("Desk") == 3
    types = containers.compose(*_RUN, "types", "--language", "typescript")
    assert "customer_name" in types


def test_the_operator_works_with_tables(containers: ContainerStack) -> None:
    """psql, tables and watch-table work on the database, as the owner of the tables."""
    containers.psql("CREATE TABLE shelves (id int PRIMARY KEY)")
    try:
        assert "shelves is watched" in containers.compose(*_RUN, "watch-table", "shelves")
        assert "shelves" in containers.compose(*_RUN, "tables")
        assert "is not watched" in containers.compose(*_RUN, "unwatch-table", "shelves")
    finally:
        containers.psql("DROP TABLE shelves")
    assert containers.compose(*_RUN, "psql", "-Atc", "SELECT current_user").strip() == "orders"
    assert "psql is the PostgreSQL" in containers.compose(*_RUN, "psql", "--help")


def test_only_the_command_holds_the_operators_secrets(containers: ContainerStack) -> None:
    """The owner's password and the signing key are mounted by the command line alone."""
    config = json.loads(containers.compose("--profile", "tools", "config", "--format", "json"))
    holders = {
        name: {volume["source"] for volume in service.get("volumes", [])} & {"secret", "signing"}
        for name, service in config["services"].items()
    }
    assert {name: found for name, found in holders.items() if found} == {
        "db": {"secret"},  # which makes the password
        "orders": {"secret", "signing"},
    }
    assert set(config["services"]["orders"]["networks"]) == {"data", "web"}
    for name in ("api", "gateway"):
        mounts = {each["target"]: each for each in config["services"][name]["volumes"]}
        assert mounts["/run/keys"]["read_only"]
