"""SQL statements that do not depend on a table's columns; ``statements`` has those that do.

Statements that read the log are in ``log_queries``.
"""

# --- the catalog ----------------------------------------------------------------------------------

SCHEMA_VERSION = "SELECT order_schema_version()"

# The description, and besides it: which columns have an index on hashtextextended(column, 0), in
# which columns different texts are equal (nondeterministic collation, citext), whether search can
# have indexes, and which tables are partitioned.
SCHEMA = """
    WITH watched AS MATERIALIZED (
        SELECT relation, order_table_name(relation) AS name FROM order_tables
    ), hashed AS (
        SELECT name, json_agg(attname) AS columns
          FROM watched JOIN pg_index ON indrelid = relation
          JOIN pg_attribute ON attrelid = relation AND attnum > 0 AND NOT attisdropped
         WHERE indkey[0] = 0 AND indpred IS NULL AND indisvalid
           AND pg_get_indexdef(indexrelid, 1, true)
               = 'hashtextextended(' || quote_ident(attname) || ', 0::bigint)'
         GROUP BY name
    ), inexact AS (
        SELECT name, json_agg(attname) AS columns
          FROM watched JOIN pg_attribute ON attrelid = relation AND attnum > 0 AND NOT attisdropped
          JOIN pg_type AS own ON own.oid = atttypid
          LEFT JOIN pg_type AS base ON base.oid = own.typbasetype
         WHERE 'citext' IN (own.typname, base.typname)
            OR attcollation IN (SELECT oid FROM pg_collation WHERE NOT collisdeterministic)
         GROUP BY name
    )
    SELECT order_schema()::text,
           (SELECT coalesce(json_object_agg(name, columns), '{}') FROM hashed),
           (SELECT coalesce(json_object_agg(name, columns), '{}') FROM inexact),
           EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm'),
           (SELECT coalesce(json_agg(name), '[]')
              FROM watched JOIN pg_class ON oid = relation WHERE relkind = 'p')
"""

# The comment, the rule and the columns of a constraint, found by the names in an error. A unique
# index may have no constraint. The constraint of a domain has no columns.
CONSTRAINT = """
    WITH target AS (
        SELECT pg_class.oid FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE relname = %(table)s AND nspname = %(schema)s
    ), found AS (
        SELECT obj_description(pg_constraint.oid, 'pg_constraint') AS comment,
               CASE contype WHEN 'c' THEN pg_get_expr(conbin, conrelid) END AS rule,
               conrelid AS relation, conkey AS numbers
          FROM pg_constraint JOIN target ON conrelid = target.oid
         WHERE conname = %(name)s
        UNION ALL
        SELECT obj_description(pg_constraint.oid, 'pg_constraint'), pg_get_expr(conbin, 0), 0, '{}'
          FROM pg_constraint JOIN pg_type ON pg_type.oid = contypid
         WHERE conname = %(name)s AND typname = %(domain)s AND typnamespace = to_regnamespace(
                   quote_ident(%(schema)s))
        UNION ALL
        SELECT NULL, NULL, indrelid, indkey::int2[]
          FROM pg_index JOIN target ON indrelid = target.oid
          JOIN pg_class AS index ON index.oid = indexrelid
         WHERE index.relname = %(name)s
    )
    SELECT comment, rule,
           ARRAY(SELECT attname::text FROM pg_attribute
                  WHERE attrelid = relation AND attnum = ANY (numbers) ORDER BY attnum)
      FROM found LIMIT 1
"""

# The partitioned table that a partition belongs to.
ROOT = """
    SELECT nspname::text, relname::text
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE pg_class.oid = pg_partition_root(to_regclass(
               format('%%I.%%I', %(schema)s::text, %(table)s::text)))
"""

# --- the state of the system ---------------------------------------------------------------------

# The backlog: changes without a position, and events that are not in Redis yet. Counting stops at
# 10,001. least() ignores nulls.
BACKLOG = """
    WITH head AS (
        SELECT (SELECT coalesce(max(position), 0) FROM order_events) AS position,
               CASE WHEN id::text = %(stream)s THEN %(published)s::bigint ELSE 0 END AS published
          FROM order_stream
    )
    SELECT (SELECT count(*) FROM (SELECT FROM order_outbox LIMIT 10001) AS waiting),
           CASE WHEN %(redis)s THEN greatest(position - published, 0) END,
           greatest(0, extract(epoch FROM clock_timestamp() - least(
               (SELECT changed_at FROM order_outbox ORDER BY id LIMIT 1),
               (SELECT changed_at FROM order_events AS event
                 WHERE %(redis)s AND event.position > published
                 ORDER BY event.position LIMIT 1))))::float8,
           pg_notification_queue_usage(),
           current_setting('session_replication_role') <> 'replica',
           pg_is_in_recovery()
      FROM head
"""

# Sizes, and the oldest transaction or slot that holds back vacuum. Of other roles' sessions an
# ordinary role sees the transaction ids but not the times; it sees all of prepared transactions and
# slots.
STORAGE = """
    WITH oldest AS (
        SELECT 'session' AS kind,
               pid || CASE WHEN state LIKE 'idle in%%' THEN ', ' || state || ',' ELSE '' END AS who,
               extract(epoch FROM clock_timestamp() - xact_start)::float8 AS seconds,
               greatest(age(backend_xid), age(backend_xmin)) AS transactions
          FROM pg_stat_activity
         WHERE (datname = current_database() OR datid IS NULL) AND pid <> pg_backend_pid()
           AND usename IS NOT NULL    -- vacuums have none, and hold back nothing
        UNION ALL
        SELECT 'prepared', quote_literal(gid),
               extract(epoch FROM clock_timestamp() - prepared)::float8, age(transaction)
          FROM pg_prepared_xacts WHERE database = current_database()
        UNION ALL
        SELECT 'slot', slot_name::text, NULL, age(xmin) FROM pg_replication_slots
    )
    SELECT pg_total_relation_size('order_outbox'), pg_total_relation_size('order_events'),
           coalesce(kind, ''), coalesce(who, ''), seconds, coalesce(transactions, 0)
      FROM (SELECT) AS always LEFT JOIN LATERAL (
               SELECT * FROM oldest
                WHERE transactions IS NOT NULL
                  AND coalesce(seconds > %(transaction_s)s, transactions > %(hidden_after)s)
                ORDER BY seconds DESC NULLS LAST, transactions DESC LIMIT 1) AS found ON true
"""

# --- idempotency keys -----------------------------------------------------------------------------

# Requests with the same key run one after the other. Locks by two integers are a separate space.
LOCK_KEY = "SELECT pg_advisory_xact_lock(hashtext('orders.idempotency'), hashtext(%(key)s))"

KEPT_ANSWER = """
    SELECT request_hash, row_key, version, response FROM idempotency_keys
     WHERE key = %(key)s AND created_at >= now() - interval '24 hours'
"""

# A conflict means that the key has expired but is not deleted yet.
KEEP_ANSWER = """
    INSERT INTO idempotency_keys (key, request_hash, row_key, version, response)
    VALUES (%(key)s, %(request_hash)s, %(row_key)s, %(version)s, %(response)s)
    ON CONFLICT (key) DO UPDATE
       SET request_hash = excluded.request_hash, row_key = excluded.row_key,
           version = excluded.version, response = excluded.response,
           created_at = excluded.created_at
"""

# Delete a few keys each time, and only those that no other request is deleting.
FORGET_ANSWERS = """
    DELETE FROM idempotency_keys WHERE key IN (
        SELECT key FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
         ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED)
"""

# --- revoked tokens -------------------------------------------------------------------------------

REVOKE = """
    INSERT INTO revoked_tokens (name, counts_until, kept_until)
    VALUES (%(name)s, %(counts_until)s, %(kept_until)s)
    ON CONFLICT (name) DO UPDATE
       SET revoked_at = now(),
           counts_until = greatest(revoked_tokens.counts_until, excluded.counts_until),
           kept_until = greatest(revoked_tokens.kept_until, excluded.kept_until)
"""

REVOKED = """
    SELECT name, extract(epoch FROM counts_until)::float8 FROM revoked_tokens
     WHERE kept_until > now()
"""

REVOKED_MARK = "SELECT count(*), max(revoked_at) FROM revoked_tokens"
"""The result changes whenever the revocation list changes, also by an admin's SQL."""

FORGET_REVOKED = "DELETE FROM revoked_tokens WHERE kept_until < now() RETURNING name"

# --- the transaction ------------------------------------------------------------------------------

SET_ACTOR = "SELECT set_config('orders.actor', %(actor)s, true)"
