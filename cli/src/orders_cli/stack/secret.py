"""The secret by which a stack signs tokens if nobody brings one: made once, kept with its data."""

import secrets
from pathlib import Path

from orders_cli.stack.state import write_private

NAME = "auth-secret"


def secret_file(data: Path) -> Path:
    """Return the file that holds the secret, made if need be."""
    file = data / NAME
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32) + "\n")
    return file
