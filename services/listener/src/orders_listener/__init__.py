"""Takes committed changes from PostgreSQL and publishes them to Redis."""
