"""The design this one grew out of: one Node.js process, LISTEN, a row in each notification."""
