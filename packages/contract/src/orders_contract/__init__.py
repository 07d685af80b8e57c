"""The wire contract of Real-Time Orders: names, batches, messages. Pure; no I/O."""
