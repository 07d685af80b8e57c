"""Who may see and do what: tokens, roles, scopes, revocations, limits. API and gateway share it."""
