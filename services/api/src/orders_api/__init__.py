"""The HTTP API of Real-Time Orders: writes orders, serves snapshots and history."""
