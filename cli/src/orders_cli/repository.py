"""Paths in the repository from which this command was installed."""

from dataclasses import dataclass
from pathlib import Path

from orders_cli.errors import StackError


@dataclass(frozen=True)
class Repository:
    """The files that commands need besides Python packages."""

    root: Path

    @property
    def schema(self) -> Path:
        """The database script."""
        return self.root / "db" / "init.sql"

    @property
    def caddyfile(self) -> Path:
        """The configuration of the edge."""
        return self.root / "edge" / "Caddyfile"

    @property
    def redis_users(self) -> Path:
        """The users of Redis, without their passwords."""
        return self.root / "deploy" / "redis" / "users.acl"

    @property
    def dashboard(self) -> Path:
        """The folder of the built dashboard."""
        return self.root / "frontend" / "dist"

    @property
    def sample_orders(self) -> Path:
        """The CSV file of orders from which ``simulate`` draws its values."""
        return self.root / "data" / "northwind_orders.csv"

    def check(self) -> None:
        """Check that the files for ``orders up`` exist.

        Raises:
            StackError: a file is missing, or the dashboard is not built.

        """
        for path in (self.schema, self.caddyfile, self.redis_users):
            if not path.is_file():
                raise StackError(
                    f"{path} is missing; `orders up` runs from a clone of the repository"
                )
        if not (self.dashboard / "index.html").is_file():
            raise StackError(
                f"the dashboard is not built ({self.dashboard} has no index.html); run `make up`"
            )


def find_repository() -> Repository:
    """Return the repository that contains this (editable) installation."""
    return Repository(Path(__file__).resolve().parents[3])
