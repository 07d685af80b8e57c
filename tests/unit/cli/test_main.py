"""The command and its subcommands."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from orders_cli.app import COMMANDS, build


def test_help_names_every_subcommand() -> None:
    """The help lists every subcommand."""
    shown = CliRunner().invoke(build(), ["--help"]).output
    assert all(f" {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_subcommand_alone_keeps_its_name(name: str) -> None:
    """A subcommand has the same name whether or not the others are imported."""
    shown = CliRunner().invoke(build([name]), ["--help"]).output
    assert f" {name} " in shown


def test_a_subcommand_does_not_wait_for_the_others() -> None:
    """A subcommand imports only what it needs: importing all takes most of a second."""
    code = "import sys; from orders_cli.app import build; build(['psql']); print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "orders_cli.psql" in imported
    assert {"orders_cli.up", "orders_cli.tokens", "httpx", "psycopg"}.isdisjoint(imported)
