"""The users of the embedded Valkey: those of containers, each with a password of its own."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from orders_cli.stack.data_folder import secret_file, write_private

USERS = ("api", "listener", "gateway")


@dataclass(frozen=True)
class RedisUsers:
    """The files in the data folder: the list of Valkey's users, and each user's password."""

    file: Path
    passwords: dict[str, Path]


def redis_users(template: Path, data: Path) -> RedisUsers:
    """Write the list of users, which has only digests of the passwords; return all paths."""
    passwords = {user: secret_file(data, f"redis-{user}-password") for user in USERS}
    rules = template.read_text(encoding="utf-8")
    for user, file in passwords.items():
        digest = hashlib.sha256(file.read_text(encoding="utf-8").strip().encode()).hexdigest()
        rules = rules.replace(f">@{user}@", f"#{digest}")
    users = data / "redis-users.acl"
    write_private(users, rules)
    return RedisUsers(users, passwords)
