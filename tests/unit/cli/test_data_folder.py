"""The options by which commands find the data folder of a stack."""

from pathlib import Path

from orders_cli.stack.data_folder import DEFAULT_DATA, option


def test_default_folder_needs_no_option() -> None:
    """Commands look into the default folder by themselves."""
    assert option(DEFAULT_DATA.resolve()) == ""


def test_other_folder_is_quoted_for_a_shell() -> None:
    """The option can be pasted into a shell, whatever characters the path has."""
    assert option(Path("/srv/h \u00fc/it's")) == """ --data '/srv/h \u00fc/it'"'"'s'"""
