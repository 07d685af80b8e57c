"""The API's settings, from the environment."""

from datetime import timedelta
from typing import Self

from pydantic import Field, PositiveInt, model_validator

from orders_access.origins import keeps_secrets_at
from orders_access.settings import AccessSettings
from orders_api.company_settings import CompanySettings
from orders_api.growth import Thresholds
from orders_service.database import DatabaseSettings
from orders_service.settings import RedisSettings

STATEMENT_TIMEOUT_S = 10

# Settings that the API depends on, and that ALTER DATABASE or ALTER ROLE could change.
SESSION = {
    "search_path": "public",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "xmlbinary": "base64",
    "standard_conforming_strings": "on",
    # An answer of 201 means that the order survives a crash of the server.
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    # Policies of the owner hide rows; with "off" a query under a policy would fail.
    "row_security": "on",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
    "idle_in_transaction_session_timeout": "15s",
}


class Settings(AccessSettings, CompanySettings, DatabaseSettings, RedisSettings):
    """All settings of the API; names end in their units."""

    db_pool_connections: PositiveInt = 10
    """Connections for reads, which may take seconds each."""
    db_write_connections: PositiveInt = 5
    """Connections for writes, health, the schema and revocations; reads never occupy them."""
    api_host: str = "127.0.0.1"
    api_port: int = Field(8000, ge=1, le=65535)
    api_workers: int = Field(1, ge=1, le=64)

    outbox_warn_mb: PositiveInt = 1000
    log_warn_mb: PositiveInt = 50_000
    transaction_warn_s: PositiveInt = 900
    """Beyond these three limits ``/api/health`` is degraded, and ``checks.storage`` says why."""

    session_idle_s: PositiveInt = 4 * 3600
    """A session ends when its user has done nothing for this long."""
    session_max_s: PositiveInt = 12 * 3600
    """A session always ends this long after the sign-in."""
    public_url: str = ""
    """The address of the dashboard, used in links. `orders up` and Compose set a default."""

    retention: str = ""
    """How much of the log is kept. The API only shows it; the listener applies it."""

    status_column: str = "status"
    """The column that ``/api/orders/counts`` groups by and the dashboard shows as status."""
    title_column: str = "product_name"
    quantity_column: str = "quantity"

    @model_validator(mode="after")
    def _company_can_come_back(self) -> Self:
        if self.oidc_issuer and self.is_open:
            raise ValueError("OIDC_ISSUER needs AUTH_MODE=token")
        if self.oidc_issuer and not keeps_secrets_at(self.public_url):
            raise ValueError(
                "OIDC_ISSUER needs PUBLIC_URL, with https (http only for this machine)"
            )
        return self

    @property
    def thresholds(self) -> Thresholds:
        """Return the sizes and the age beyond which health warns."""
        return Thresholds(self.outbox_warn_mb, self.log_warn_mb, self.transaction_warn_s)

    @property
    def lifetimes(self) -> tuple[timedelta, timedelta]:
        """How long an unused session lasts, and how long a session lasts at most."""
        return timedelta(seconds=self.session_idle_s), timedelta(seconds=self.session_max_s)

    @property
    def listens_on(self) -> str:
        """The address on which the API listens."""
        return self.api_host

    def database_address(self) -> str:
        """Return the connection string for PostgreSQL."""
        return self.conninfo("api", 3)

    def display(self) -> dict[str, str]:
        """Return the column that the dashboard shows in each role."""
        return {
            "status": self.status_column,
            "customer": self.customer_column,
            "title": self.title_column,
            "quantity": self.quantity_column,
        }
