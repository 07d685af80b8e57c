"""What tests share: systems to start, clients to follow them, attacks to try."""
