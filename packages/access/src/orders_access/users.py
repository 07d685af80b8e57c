"""Statements and links with which the API and the command line make users with passwords. Pure.

A link sets a password once, within a day. Only its digest is stored.
"""

from datetime import timedelta

FIRST_USER = "admin"
LINK_LASTS = timedelta(hours=24)
LINK_PATH = "/set-up#"
"""A browser does not send the part after #, so the link's secret is in no request and no log."""

ADD = """
    INSERT INTO order_users (name, role, rows, password_hash, link_digest, link_ends_at)
    VALUES (%(name)s, %(role)s, %(rows)s, %(hash)s, %(link)s, now() + %(lasts)s)
"""
NEW_LINK = """
    UPDATE order_users SET link_digest = %(link)s, link_ends_at = now() + %(lasts)s
     WHERE name = %(name)s RETURNING name
"""
FIRST_LINK = """
    INSERT INTO order_users AS known (name, role, link_digest, link_ends_at)
    SELECT %(name)s, 'admin', %(link)s, now() + %(lasts)s
     WHERE NOT EXISTS (
               SELECT FROM order_users WHERE password_hash IS NOT NULL OR name <> %(name)s)
    ON CONFLICT (name) DO UPDATE
       SET link_digest = excluded.link_digest, link_ends_at = excluded.link_ends_at
     WHERE known.password_hash IS NULL
       AND (%(again)s OR known.link_ends_at IS NULL OR known.link_ends_at < now())
    RETURNING name
"""
"""Make a link for the first user while there is no other user and no password. ``again``: replace a
link that is still valid."""
