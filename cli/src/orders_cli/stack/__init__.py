"""The whole system on one machine: what runs, how it is started, watched and ended."""
