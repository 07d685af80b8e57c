"""WebSocket gateway: one Redis subscription, a ring of recent batches, many sockets."""
