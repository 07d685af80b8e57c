"""The whole system on one machine: which processes run, and how they start, restart and stop."""
