"""The gateway's settings, from the environment."""

import os
import socket
from typing import Annotated

from pydantic import Field, HttpUrl, NonNegativeInt, PositiveInt

from orders_access.settings import AccessSettings
from orders_service.settings import RedisSettings

PositiveFinite = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seconds = PositiveFinite


class Settings(AccessSettings, RedisSettings):
    """The settings of the gateway. Names end in their unit. There is no database among them."""

    api_url: HttpUrl = HttpUrl("http://localhost:8000")

    ws_host: str = "127.0.0.1"
    ws_port: int = Field(8080, ge=1, le=65535)
    gateway_id: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}", min_length=1
    )

    heartbeat_interval_s: Seconds = 15.0
    sign_in_within_s: Seconds = 10.0
    ping_interval_s: Seconds = 20.0
    ping_timeout_s: Seconds = 20.0

    drain_s: Seconds = Field(3.0, le=30)
    drain_clients_per_s: PositiveInt = 500

    balance_clients_per_s: NonNegativeInt = 20
    """Clients per second that a gateway well above its share sends to others; 0: none."""
    balance_interval_s: Seconds = 5.0
    balance_after_s: Seconds = 600.0
    """A client stays at least this long before it is sent to another gateway."""

    ring_max_events: PositiveInt = 20_000
    ring_max_bytes: PositiveInt = 32 * 1024 * 1024
    conflate_after_events: PositiveInt = 1_000
    conflate_max_orders: PositiveInt = 20_000
    conflate_max_bytes: PositiveInt = 512 * 1024
    unsent_max_bytes: PositiveInt = 256 * 1024
    max_connections: PositiveInt = 20_000
    max_memory_mb: NonNegativeInt = 1024
    """Above this resident memory no more clients are admitted; 0: no bound."""
    max_message_bytes: PositiveInt = 64 * 1024
    messages_per_second: PositiveFinite = 10.0
    messages_burst: PositiveInt = 40

    forwarded_allow_ips: str = "127.0.0.1"
    """Peers whose X-Forwarded-For counts, comma separated; * for all."""

    @property
    def listens_on(self) -> str:
        """The address the gateway listens on."""
        return self.ws_host
