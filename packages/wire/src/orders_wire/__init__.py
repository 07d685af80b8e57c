"""A connection to Redis for what every event waits for, and Redis's errors as a service's own."""

from orders_wire.failures import failures_as
from orders_wire.wire import Value, Wire

__all__ = ["Value", "Wire", "failures_as"]
