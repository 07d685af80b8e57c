"""Every statement the API sends, except for what Python composes from these parts.

Rows are rendered here, once, and in UTC because the session's time zone is.
"""

# --- orders ---------------------------------------------------------------------------------------

# Whom a token may see: null for everyone.
_IN_SCOPE = "(%(scope)s::text[] IS NULL OR customer_name = ANY (%(scope)s))"

ORDER = f"""
    SELECT id, version, to_json(orders)::text FROM orders WHERE id = %(id)s AND {_IN_SCOPE}
"""  # noqa: S608  made of constants

INSERT_ORDER = """
    INSERT INTO orders (customer_name, product_name, quantity, status)
    VALUES (%(customer_name)s, %(product_name)s, %(quantity)s, %(status)s)
    RETURNING id, version, to_json(orders)::text
"""
# The same as a transaction of its own, which saves three round trips. The trigger, which runs
# last, finds the actor; it is forgotten with the statement.
INSERT_ORDER_ALONE = """
    WITH actor AS MATERIALIZED (SELECT set_config('orders.actor', %(actor)s, true))
    INSERT INTO orders (customer_name, product_name, quantity, status)
    SELECT %(customer_name)s, %(product_name)s, %(quantity)s, %(status)s FROM actor
    RETURNING id, version, to_json(orders)::text
"""

# The condition is evaluated again on the newest row after waiting for another writer, so that of
# two who name the same version one wins.
UPDATE_ORDER = f"""
    UPDATE orders SET {{assignments}}
     WHERE id = %(id)s AND (%(versions)s::bigint[] IS NULL OR version = ANY (%(versions)s))
       AND {_IN_SCOPE}
    RETURNING id, version, to_json(orders)::text
"""  # noqa: S608  made of constants
ASSIGNMENTS = {
    "customer_name": "customer_name = %(customer_name)s",
    "product_name": "product_name = %(product_name)s",
    "quantity": "quantity = %(quantity)s",
    "status": "status = %(status)s",
}

DELETE_ORDER = f"""
    DELETE FROM orders
     WHERE id = %(id)s AND (%(versions)s::bigint[] IS NULL OR version = ANY (%(versions)s))
       AND {_IN_SCOPE}
    RETURNING id
"""  # noqa: S608  made of constants

# One statement is one snapshot. octet_length() tells the size of a name without fetching it, so
# a page of enormous rows is cut before any of them is rendered; one row always fits.
ORDER_PAGE = """
    WITH found AS MATERIALIZED (
        SELECT id, octet_length(customer_name) + octet_length(product_name) AS bytes
          FROM orders WHERE {conditions}
         ORDER BY id DESC LIMIT %(limit)s::bigint + 1
    ), page AS (
        SELECT id
          FROM (SELECT id, row_number() OVER newest AS number,
                       sum(bytes) OVER newest - bytes AS bytes_before
                  FROM found WINDOW newest AS (ORDER BY id DESC)) AS measured
         WHERE number <= %(limit)s AND bytes_before < %(max_bytes)s
    )
    SELECT order_stream.id,
           (SELECT coalesce(max(position), 0) FROM order_events),
           (SELECT '[' || coalesce(string_agg(to_json(orders)::text, ',' ORDER BY id DESC), '')
                       || ']'
              FROM orders JOIN page USING (id)),
           CASE WHEN (SELECT count(*) FROM page) < (SELECT count(*) FROM found)
                THEN (SELECT min(id) FROM page) END
      FROM order_stream
"""
CONDITIONS = {
    "before": "id < %(before)s",
    "status": "status = ANY (%(status)s)",
    # The hash finds the rows by index (orders_customer), the name itself decides.
    "customer_name": "hashtextextended(customer_name, 0) = ANY"
    " (ARRAY(SELECT hashtextextended(name, 0) FROM unnest(%(customer_name)s::text[]) AS name))"
    " AND customer_name = ANY (%(customer_name)s)",
    "search": "(customer_name ILIKE %(search)s OR product_name ILIKE %(search)s"
    " OR id = %(number)s)",
}

# What is counted must fit the position exactly, since clients go on counting with what the stream
# brings after it. Rows show committed changes before the log does: those still in the outbox are
# taken out again. (After a TRUNCATE in the outbox the numbers mean nothing until its event comes
# and sets them to zero; greatest() keeps them from being negative.)
_COUNTED = """
    SELECT {columns}, 1 AS weight FROM orders WHERE {conditions}
    UNION ALL
    SELECT {columns}, -1 FROM (
        SELECT (json_populate_record(NULL::orders, "row")).* FROM order_outbox
         WHERE "table" = 'orders') AS came
     WHERE id IS NOT NULL AND {conditions}
    UNION ALL
    SELECT {columns}, 1 FROM (
        SELECT (json_populate_record(NULL::orders, "old")).* FROM order_outbox
         WHERE "table" = 'orders') AS went
     WHERE id IS NOT NULL AND {conditions}
"""
_NOW = """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""

ORDER_COUNTS = f"""
    WITH counted AS ({_COUNTED.format(columns="status", conditions="{conditions}")}),
         counts AS (SELECT status, greatest(sum(weight), 0) AS orders FROM counted GROUP BY status)
    SELECT order_stream.id,
           (SELECT coalesce(max(position), 0) FROM order_events),
           {_NOW},
           (SELECT coalesce(json_object_agg(status, orders), '{{{{}}}}')::text FROM counts)
      FROM order_stream
"""  # noqa: S608  made of constants

# Quarters of an hour, because every time zone's hours are made of them. Minutes: positions have no
# gaps and times hardly go back along them, so where a minute begins is found by halving, and its
# changes are a difference; reading an hour of events could mean millions.
PULSE = f"""
    WITH RECURSIVE counted AS (
        {_COUNTED.format(columns="created_at", conditions="created_at >= %(day)s AND {conditions}")}
    ), quarters AS (
        SELECT width_bucket(extract(epoch FROM created_at - %(day)s::timestamptz),
                            0, %(quarters)s * 900, %(quarters)s) AS number,
               greatest(sum(weight), 0) AS orders
          FROM counted WHERE created_at < %(day)s::timestamptz + %(quarters)s * interval '15 min'
         GROUP BY number
    ), head AS (
        SELECT coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS last
          FROM order_events
    ), search AS (
        SELECT number, %(hour)s::timestamptz + number * interval '1 min' AS minute,
               first AS low, last + 1 AS high
          FROM head, generate_series(0, %(minutes)s) AS number
        UNION ALL
        SELECT number, minute,
               CASE WHEN changed_at < minute THEN position + 1 ELSE low END,
               CASE WHEN changed_at < minute THEN high ELSE position END
          FROM search JOIN order_events ON position = (low + high) / 2
         WHERE low < high
    ), minutes AS (
        SELECT number, lead(low) OVER (ORDER BY number) - low AS changes
          FROM search WHERE low = high
    )
    SELECT order_stream.id, head.last, {_NOW},
           (SELECT json_agg(changes ORDER BY number)::text FROM minutes WHERE changes IS NOT NULL),
           (SELECT json_agg(coalesce(orders, 0) ORDER BY number)::text
              FROM generate_series(1, %(quarters)s) AS number LEFT JOIN quarters USING (number))
      FROM order_stream, head
"""  # noqa: S608  made of constants

# --- the log --------------------------------------------------------------------------------------

# One event a step, so that rendering stops where the page does: the next event may have 16 MB.
EVENT_PAGE = """
    WITH RECURSIVE page AS (
        SELECT 0 AS number, %(after)s::bigint AS position, NULL::text AS json, 0::bigint AS bytes
        UNION ALL
        SELECT page.number + 1, next.position, next.json, page.bytes + octet_length(next.json)
          FROM page
         CROSS JOIN LATERAL (
               SELECT event.position, order_event_json(event) AS json
                 FROM order_events AS event
                WHERE event.position > page.position AND {condition}
                ORDER BY event.position LIMIT 1) AS next
         WHERE page.number < %(limit)s AND page.bytes < %(max_bytes)s
    )
    SELECT order_stream.id,
           (SELECT coalesce(max(position), 0) FROM order_events),
           (SELECT '[' || coalesce(string_agg(json, ',' ORDER BY position), '') || ']' FROM page
             WHERE number > 0),
           (SELECT max(position) FROM page)
      FROM order_stream
"""
ALL_EVENTS = EVENT_PAGE.format(condition="true")
EVENTS_OF_ORDER = EVENT_PAGE.format(condition="event.order_id = %(order_id)s")

# What a token restricted to customers may know of the last hour: its own changes, of the newest so
# many. Names are inside JSON here, so each event has to be looked at.
SCOPED_CHANGES = """
    WITH recent AS (
        SELECT operation, "row", changed, changed_at FROM order_events
         WHERE position > (SELECT coalesce(max(position), 0) FROM order_events) - %(looked_at)s
           AND position <= %(position)s AND changed_at >= %(hour)s
    ), own AS (
        SELECT width_bucket(extract(epoch FROM changed_at - %(hour)s::timestamptz),
                            0, %(minutes)s * 60, %(minutes)s) AS number
          FROM recent
         WHERE "row"->>'customer_name' = ANY (%(scope)s)
            OR changed->>'customer_name' = ANY (%(scope)s)
            OR operation = 'TRUNCATE'
    ), counted AS (SELECT number, count(*) AS changes FROM own GROUP BY number)
    SELECT json_agg(coalesce(changes, 0) ORDER BY number)::text
      FROM generate_series(1, %(minutes)s) AS number LEFT JOIN counted USING (number)
"""

# Under a scope: whether it is, or ever was, an order of theirs.
ORDER_KNOWN = f"""
    SELECT EXISTS (SELECT FROM orders WHERE id = %(id)s AND {_IN_SCOPE})
        OR EXISTS (SELECT FROM order_events
                    WHERE order_id = %(id)s
                      AND (%(scope)s::text[] IS NULL
                           OR "row"->>'customer_name' = ANY (%(scope)s)
                           OR changed->>'customer_name' = ANY (%(scope)s)))
"""  # noqa: S608  made of constants

# What waits: changes without a position, and events that Redis does not have yet. Counting stops
# at 10,001, and least() ignores nulls.
BACKLOG = """
    WITH head AS (
        SELECT (SELECT coalesce(max(position), 0) FROM order_events) AS position,
               CASE WHEN id::text = %(stream)s THEN %(published)s::bigint ELSE 0 END AS published
          FROM order_stream
    )
    SELECT (SELECT count(*) FROM (SELECT FROM order_outbox LIMIT 10001) AS waiting)
               + CASE WHEN %(redis)s THEN greatest(position - published, 0) ELSE 0 END,
           greatest(0, extract(epoch FROM clock_timestamp() - least(
               (SELECT changed_at FROM order_outbox ORDER BY id LIMIT 1),
               (SELECT changed_at FROM order_events AS event
                 WHERE %(redis)s AND event.position > published
                 ORDER BY event.position LIMIT 1))))::float8
      FROM head
"""

# --- idempotency keys -----------------------------------------------------------------------------

# Two requests with one key come one after the other. Two integers are a lock space of their own.
LOCK_KEY = "SELECT pg_advisory_xact_lock(hashtext('orders.idempotency'), hashtext(%(key)s))"

KEPT_ANSWER = """
    SELECT request_hash, order_id, response FROM idempotency_keys
     WHERE key = %(key)s AND created_at >= now() - interval '24 hours'
"""

# A key that exists all the same has expired.
KEEP_ANSWER = """
    INSERT INTO idempotency_keys (key, request_hash, order_id, response)
    VALUES (%(key)s, %(request_hash)s, %(order_id)s, %(response)s)
    ON CONFLICT (key) DO UPDATE
       SET request_hash = excluded.request_hash, order_id = excluded.order_id,
           response = excluded.response, created_at = excluded.created_at
"""

# A few in passing, and only those nobody else is forgetting.
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
       SET counts_until = greatest(revoked_tokens.counts_until, excluded.counts_until),
           kept_until = greatest(revoked_tokens.kept_until, excluded.kept_until)
"""

REVOKED = """
    SELECT name, extract(epoch FROM counts_until)::float8 FROM revoked_tokens
     WHERE kept_until > now()
"""

FORGET_REVOKED = "DELETE FROM revoked_tokens WHERE kept_until < now() RETURNING name"

# --- the transaction ------------------------------------------------------------------------------

SET_ACTOR = "SELECT set_config('orders.actor', %(actor)s, true)"
