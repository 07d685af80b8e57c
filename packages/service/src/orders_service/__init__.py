"""What the services share: settings, logging, signals, health page, connections to Redis."""
