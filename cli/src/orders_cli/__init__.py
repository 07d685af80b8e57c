"""The command line of Real-Time Orders."""
