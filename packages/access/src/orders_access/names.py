"""Names and addresses of this machine. Pure."""

from ipaddress import ip_address


def is_local_name(name: str) -> bool:
    """Tell whether a host name or address leads to this machine alone."""
    if name == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
