"""The whole system on one machine: its processes, and how they start, restart and stop."""
