"""The baseline: one Node.js process that LISTENs, with the row in each notification."""
