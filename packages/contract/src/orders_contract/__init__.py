"""The wire contract of Real-Time Orders: names, messages, batches, rows, filters. Pure; no I/O."""
