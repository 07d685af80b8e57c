"""Names of customers in benchmarks."""


def customer_name(number: int) -> str:
    """Return the name of one customer."""
    return f"Futterkiste {number}"
