"""SQL statements that read the log: pages, figures of the recent past, groups of the activity."""

from psycopg.sql import SQL

LOG = SQL("""(
        SELECT coalesce(min(position), 1) AS first, coalesce(max(position), 0) AS last
          FROM order_events
    )""")
"""The first and the last position of the log."""

# --- figures --------------------------------------------------------------------------------------

COUNTS = """
    WITH counted AS ({counted}), counts AS (
        SELECT status, sum(weight) AS number FROM counted
         GROUP BY status HAVING sum(weight) > 0 ORDER BY number DESC LIMIT 1000
    )
    SELECT order_stream.id::text, (SELECT coalesce(max(position), 0) FROM order_events),
           clock_timestamp(),
           (SELECT json_agg(json_build_array(status, number) ORDER BY number DESC) FROM counts)
      FROM order_stream
"""

# Positions have no gaps, and the times of events almost always increase with them. So the start of
# a minute is found by bisection, and its number of changes is a difference of positions. Reading
# all events of an hour could mean millions.
SEARCH = SQL("""search AS (
        SELECT unit, number, time, first AS low, last + 1 AS high FROM head, times
        UNION ALL
        SELECT unit, number, time,
               CASE WHEN changed_at < time THEN position + 1 ELSE low END,
               CASE WHEN changed_at < time THEN high ELSE position END
          FROM search JOIN order_events ON position = (low + high) / 2
         WHERE low < high
    )""")
PULSE = """
    WITH RECURSIVE counted AS ({counted}), created AS (
        SELECT width_bucket(extract(epoch FROM created_at - %(day)s::timestamptz),
                            0, %(order_minutes)s * 60, %(order_minutes)s) AS number,
               greatest(sum(weight), 0) AS orders
          FROM counted
         WHERE created_at >= %(day)s
           AND created_at < %(day)s::timestamptz + %(order_minutes)s * interval '1 min'
         GROUP BY number
    ), head AS {log}, times AS (
        SELECT 'minute' AS unit, number,
               %(hour)s::timestamptz + number * interval '1 min' AS time
          FROM generate_series(0, %(minutes)s) AS number
        UNION ALL
        SELECT 'second', number, %(second)s::timestamptz + number * interval '1 s'
          FROM generate_series(0, %(seconds)s) AS number
    ), {search}, counts AS (
        SELECT unit, number, lead(low) OVER (PARTITION BY unit ORDER BY number) - low AS changes
          FROM search WHERE low = high
    ), changes AS (
        SELECT unit, json_agg(changes ORDER BY number) AS counts
          FROM counts WHERE changes IS NOT NULL GROUP BY unit
    )
    SELECT order_stream.id::text, head.last, clock_timestamp(),
           %(hour)s::timestamptz, (SELECT counts FROM changes WHERE unit = 'minute'),
           %(second)s::timestamptz, (SELECT counts FROM changes WHERE unit = 'second'),
           %(day)s::timestamptz,
           (SELECT json_agg(coalesce(orders, 0) ORDER BY number)
              FROM generate_series(1, %(order_minutes)s) AS number
              LEFT JOIN created USING (number))
      FROM order_stream, head
"""

# --- the log --------------------------------------------------------------------------------------

# Each step renders one event, so that nothing beyond the page is rendered: an event may have 16 MB.
# Under a scope, ``visible`` leaves out events that are certainly hidden without rendering them.
EVENTS = """
    WITH RECURSIVE page AS (
        SELECT 0 AS number, %(after)s::bigint AS position, NULL::text AS json, 0::bigint AS bytes
        UNION ALL
        SELECT page.number + 1, next.position, next.json,
               page.bytes + coalesce(octet_length(next.json), 0)
          FROM page
         CROSS JOIN LATERAL (
               SELECT event.position,
                      CASE WHEN {visible} THEN order_event_json(event) END AS json
                 FROM order_events AS event
                WHERE event.position > page.position AND {condition}
                ORDER BY event.position LIMIT 1) AS next
         WHERE page.number < %(limit)s AND page.bytes < %(max_bytes)s
    )
    SELECT order_stream.id::text,
           (SELECT coalesce(max(position), 0) FROM order_events),
           (SELECT '[' || coalesce(string_agg(json, ',' ORDER BY position), '') || ']' FROM page
             WHERE number > 0),
           (SELECT max(position) FROM page)
      FROM order_stream
"""

# The first position at or after each of the given times.
POSITIONS_AT = """
    WITH RECURSIVE head AS {log}, times AS (
        SELECT 'time' AS unit, number, time
          FROM unnest(%(times)s::timestamptz[]) WITH ORDINALITY AS given (time, number)
    ), {search}
    SELECT json_agg(low ORDER BY number) FROM search WHERE low = high
"""

# Groups of events, see ``activity``. A pause that ends a group is longer than a second, so events
# are first counted by kind and second, and only these few rows are sorted. The columns of an UPDATE
# are not read if ``changed`` is so large that PostgreSQL stores it outside the row (TOAST).
ACTIVITY = """
    WITH log AS {log}, upper AS (
        SELECT least(%(before)s::bigint, last + 1) AS high FROM log
    ), span AS (
        SELECT high, greatest(first, %(low)s, {lowest}) AS low FROM log, upper
    ), recent AS MATERIALIZED (
        SELECT position, changed_at, operation = 'UPDATE' AS is_update,
               floor(extract(epoch FROM changed_at))::bigint AS second,
               hash_record_extended({kind}, 0) AS kind,
               CASE WHEN key IS NULL THEN order_id ELSE hashtextextended(key::text, 0) END AS "row"
          FROM order_events AS event
         WHERE position >= (SELECT low FROM span) AND position < (SELECT high FROM span)
           AND (%(operations)s::text[] IS NULL OR operation = ANY (%(operations)s))
           AND {wanted} AND {visible}
    ), seconds AS (
        SELECT kind, is_update, second, count(*) AS events, min(position) AS first,
               max(position) AS last, min(changed_at) AS began_at, max(changed_at) AS ended_at
          FROM recent GROUP BY kind, is_update, second
    ), marked AS (
        SELECT *, second / 60 <> lag(second) OVER kinds / 60
                  OR began_at - lag(ended_at) OVER kinds >= %(pause)s AS begins
          FROM seconds WINDOW kinds AS (PARTITION BY kind ORDER BY second)
    ), numbered AS MATERIALIZED (
        SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY kind ORDER BY second) AS number
          FROM marked
    ), newest AS MATERIALIZED (
        SELECT kind, number, sum(events)::bigint AS events, min(first) AS first, max(last) AS last,
               min(began_at) AS began_at, max(ended_at) AS ended_at
          FROM numbered GROUP BY kind, number ORDER BY last DESC LIMIT %(max_groups)s
    ), rows AS (
        SELECT kind, number, count(*) AS rows
          FROM (SELECT DISTINCT kind, number, "row" FROM recent JOIN numbered USING (kind, second)
                 WHERE recent.is_update) AS each
         GROUP BY kind, number
    ), samples AS (
        SELECT kind, number, json_agg(position ORDER BY position DESC) AS positions
          FROM newest JOIN numbered USING (kind, number)
          JOIN recent USING (kind, second)
         WHERE newest.events <= %(sample)s
         GROUP BY kind, number
    )
    SELECT order_stream.id::text, log.last, log.first,
           (SELECT to_json(changed_at)::text FROM order_events WHERE position = log.first),
           span.low,
           (SELECT changed_at FROM order_events WHERE position = span.low),
           (SELECT json_agg(json_build_object(
                'table', event."table", 'operation', operation, 'actor', {actor},
                'columns', {columns}, 'events', events, 'rows', coalesce(rows, events),
                'first', newest.first, 'last', newest.last,
                'began_at', began_at, 'ended_at', ended_at,
                'positions', coalesce(positions, json_build_array(newest.last))
            ) ORDER BY newest.last DESC)
              FROM newest JOIN order_events AS event ON position = newest.last
              LEFT JOIN rows USING (kind, number) LEFT JOIN samples USING (kind, number))
      FROM order_stream, log, span
"""
_CHANGED_COLUMNS = """CASE WHEN operation = 'UPDATE' AND pg_column_size(changed) < 2000
    THEN ARRAY(SELECT json_object_keys(changed)) END"""
ACTIVITY_KIND = {
    "kind": SQL(f'ROW("table", operation, actor, {_CHANGED_COLUMNS})'),
    "actor": SQL("actor"),
    "columns": SQL(_CHANGED_COLUMNS),
}
ACTIVITY_SCOPED_KIND = {
    "kind": SQL('ROW("table", operation)'),
    "actor": SQL("NULL"),
    "columns": SQL("NULL"),
}

# The lowest position to examine. The events of one actor are few among all events, so that position
# is found by an index on the actor.
ACTIVITY_LOWEST = SQL("upper.high - %(size)s")
ACTIVITY_LOWEST_OF_ACTOR = SQL("""coalesce((
            SELECT position FROM order_events WHERE actor = %(actor)s AND position < upper.high
             ORDER BY position DESC OFFSET %(size)s - 1 LIMIT 1), 0)""")

# The events of a group: events between two positions that have the same kind as the last of them.
BURST = """
    WITH log AS {log}, kind AS (
        SELECT hash_record_extended({kind}, 0) AS kind
          FROM order_events AS event WHERE position = %(last)s AND {visible}
    ), upper AS (
        SELECT least(%(before)s, %(last)s::numeric + 1)::bigint AS high
    ), span AS (
        SELECT high, greatest(log.first, %(first)s, high - %(size)s) AS low FROM log, upper
    ), found AS (
        SELECT position FROM order_events AS event
         WHERE position >= (SELECT low FROM span) AND position < (SELECT high FROM span)
           AND hash_record_extended({kind}, 0) = (SELECT kind FROM kind) AND {visible}
         ORDER BY position DESC LIMIT %(limit)s
    )
    SELECT order_stream.id::text, log.last, log.first, span.low, EXISTS (SELECT FROM kind),
           (SELECT json_agg(position ORDER BY position DESC) FROM found)
      FROM order_stream, log, span
"""

# Each step finds the next actor in the index, so the events themselves are not scanned.
ACTORS = """
    WITH RECURSIVE names AS (
        (SELECT actor FROM order_events WHERE actor IS NOT NULL ORDER BY actor LIMIT 1)
        UNION ALL
        SELECT (SELECT actor FROM order_events AS next
                 WHERE next.actor > names.actor ORDER BY actor LIMIT 1)
          FROM names WHERE names.actor IS NOT NULL
    ), actors AS (
        SELECT actor FROM names WHERE actor IS NOT NULL LIMIT %(limit)s
    )
    SELECT json_agg(json_build_object('name', actor, 'changed_at', changed_at)
                    ORDER BY changed_at DESC)
      FROM actors CROSS JOIN LATERAL (
           SELECT changed_at FROM order_events AS event
            WHERE event.actor = actors.actor ORDER BY position DESC LIMIT 1) AS last
"""

# Each step renders one event, so that rendering stops once there are enough bytes.
ACTIVITY_SAMPLES = """
    WITH RECURSIVE sample AS (
        SELECT 0 AS number, NULL::text AS json, 0::bigint AS bytes
        UNION ALL
        SELECT number + 1, order_event_json(event), bytes + octet_length(order_event_json(event))
          FROM sample JOIN order_events AS event ON position = (%(positions)s::bigint[])[number + 1]
         WHERE bytes < %(max_bytes)s
    )
    SELECT '[' || coalesce(string_agg(json, ',' ORDER BY number), '') || ']'
      FROM sample WHERE number > 0
"""

LAST_EVENT = """
    SELECT order_event_json(event) FROM order_events AS event
     WHERE order_id = %(order_id)s AND "table" = 'orders' ORDER BY position DESC LIMIT 1
"""

# The numbers of changes in the last hour and minute that are in scope, among the newest events.
SCOPED_CHANGES = """
    WITH seen AS MATERIALIZED (
        SELECT changed_at FROM order_events AS event
         WHERE position > (SELECT coalesce(max(position), 0) FROM order_events) - %(looked_at)s
           AND position <= %(position)s AND changed_at >= %(hour)s AND {visible}
    ), minutes AS (
        SELECT width_bucket(extract(epoch FROM changed_at - %(hour)s::timestamptz),
                            0, %(minutes)s * 60, %(minutes)s) AS number, count(*) AS changes
          FROM seen GROUP BY number
    ), seconds AS (
        SELECT width_bucket(extract(epoch FROM changed_at - %(second)s::timestamptz),
                            0, %(seconds)s, %(seconds)s) AS number, count(*) AS changes
          FROM seen GROUP BY number
    )
    SELECT (SELECT json_agg(coalesce(changes, 0) ORDER BY number)
              FROM generate_series(1, %(minutes)s) AS number LEFT JOIN minutes USING (number)),
           (SELECT json_agg(coalesce(changes, 0) ORDER BY number)
              FROM generate_series(1, %(seconds)s) AS number LEFT JOIN seconds USING (number))
"""
