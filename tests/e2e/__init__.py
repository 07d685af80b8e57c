"""The system as a user starts it. A package, so that its systems end with its last test."""
