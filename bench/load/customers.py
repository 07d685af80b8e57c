"""Whose orders a benchmark makes, and asks for."""


def customer_name(number: int) -> str:
    """Return the name of one customer."""
    return f"Futterkiste {number}"
