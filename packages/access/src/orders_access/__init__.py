"""Access control of API and gateway: tokens, roles, scopes, revocations, rate limits."""
