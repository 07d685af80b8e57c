-- Real-Time Orders: the whole database side, in one script that can be run again.
--
--     psql -f db/init.sql
--
-- It needs no superuser, only the right to create objects in schema public. A second run upgrades
-- functions and triggers in place and keeps all rows.
--
-- How a change travels: triggers on each watched table render the changed row as JSON into
-- order_outbox and notify the listener (NOTIFY orders_changes). take_order_events() moves the
-- entries to order_events, numbers them without gaps and returns them as one JSON array. Every later
-- process forwards that text without parsing it.
--
-- The schema belongs to the owner, who may alter tables at any time. Nothing here refers to a column of
-- a watched table except id, version and updated_at, and to these only after the catalog has shown that
-- they exist.
--
-- To attach the system to an existing database, run the script with the setting orders.attach on, as
-- `orders attach` does. It then creates no table of orders, no roles and no privileges. See docs/attach.md.

BEGIN;

SET LOCAL search_path = public;
SET LOCAL client_min_messages = warning;    -- hides "already exists, skipping"


-- Settings ------------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS order_settings (
    attached boolean  NOT NULL,
    main     regclass,
    display  json     NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE order_settings IS
    'One row. attached: the tables of the owner existed before, and are not altered. main: the table '
    'whose rows are orders, or null. display: which of its columns the dashboard shows as status, '
    'customer, title and quantity. Use set_main_table().';
-- at most one row
CREATE UNIQUE INDEX IF NOT EXISTS order_settings_single_row ON order_settings ((true));
INSERT INTO order_settings (attached)
VALUES (coalesce(nullif(current_setting('orders.attach', true), '')::boolean, false))
    ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION order_main_table() RETURNS regclass
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce((SELECT oid::regclass FROM pg_class WHERE oid = main),
                    CASE WHEN NOT attached THEN to_regclass('public.orders') END)
      FROM order_settings;
END;
COMMENT ON FUNCTION order_main_table IS
    'Returns the table whose rows are orders, or null. /api/orders shows it, and events call it '
    '"orders", whatever its name is.';


-- Upgrade from earlier versions, part 1: drop what depends on row types ---------------------------------

DO $$
DECLARE
    found record;
BEGIN
    IF (SELECT attached FROM order_settings) THEN
        RETURN;    -- there, objects with such names belong to the owner
    END IF;
    IF to_regclass('orders') IS NOT NULL THEN
        FOR found IN
            SELECT tgname FROM pg_trigger
             WHERE tgrelid = 'orders'::regclass
               AND tgname IN ('orders_stamp_insert', 'orders_stamp_update', 'orders_record_insert',
                              'orders_record_update', 'orders_record_delete',
                              'orders_record_truncate', '~orders_stamp_insert',
                              '0_orders_record_insert', '~orders_record_update',
                              '~orders_record_delete')
        LOOP
            EXECUTE format('DROP TRIGGER %I ON orders', found.tgname);
        END LOOP;
    END IF;
    -- Drop functions with an argument of the row type of orders or order_outbox.
    FOR found IN
        SELECT oid::regprocedure AS signature FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace
           AND proname IN ('order_changes', 'order_changed', 'order_outbox_bytes',
                           'order_outbox_small', 'order_batch_end', 'orders_stamp_insert',
                           'orders_stamp_update', 'orders_record_insert', 'orders_record_update',
                           'orders_record_delete', 'orders_record_truncate', 'ring_orders_bell')
    LOOP
        EXECUTE format('DROP FUNCTION %s', found.signature);
    END LOOP;
END
$$;

DO $$
DECLARE
    found record;
BEGIN
    IF EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = to_regclass('order_outbox') AND attname = 'old' AND NOT attisdropped)
    THEN
        -- Writers wait for this lock and then run the new triggers. Without it they would wait inside an
        -- old trigger, for the lock on order_outbox, and fail because its column is gone.
        FOR found IN SELECT relation FROM order_tables JOIN pg_class ON oid = relation LOOP
            EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', found.relation);
        END LOOP;
    END IF;
    IF EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = (SELECT typrelid FROM pg_type WHERE oid = to_regtype('order_shape'))
                  AND attname = 'direct')
    THEN
        DROP TYPE order_shape CASCADE;    -- also drops the functions with an argument of this type
    END IF;
    DROP FUNCTION IF EXISTS order_record_truncate(text);
    DROP FUNCTION IF EXISTS order_trigger_source(text, oid);
END
$$;


-- Tables --------------------------------------------------------------------------------------

DO $$
BEGIN
    -- Create the table, unless the owner has renamed it.
    IF NOT (SELECT attached FROM order_settings) AND order_main_table() IS NULL THEN
        CREATE TABLE orders (
            id            bigint       GENERATED BY DEFAULT AS IDENTITY,
            customer_name varchar(200) NOT NULL,
            product_name  varchar(200) NOT NULL,
            quantity      integer      NOT NULL DEFAULT 1,
            status        text         NOT NULL DEFAULT 'pending',
            version       integer      NOT NULL DEFAULT 1,
            created_at    timestamptz  NOT NULL DEFAULT now(),
            updated_at    timestamptz  NOT NULL DEFAULT now(),

            CONSTRAINT orders_pkey PRIMARY KEY (id),
            CONSTRAINT orders_quantity_positive CHECK (quantity > 0),
            -- PostgreSQL parses every CHECK again for each statement, which takes a third of the time of
            -- a single-row INSERT. So each CHECK is short: \S instead of a list of all white space, one
            -- array instead of IN, and lengths by varchar.
            CONSTRAINT orders_status_known
                CHECK (status = ANY ('{pending,processing,shipped,delivered,cancelled}')),
            CONSTRAINT orders_customer_name_text CHECK (customer_name ~ '\S'),
            CONSTRAINT orders_product_name_text CHECK (product_name ~ '\S')
        );
    END IF;
    IF NOT (SELECT attached FROM order_settings) AND to_regclass('public.orders') IS NOT NULL THEN
        COMMENT ON TABLE orders IS
            'The orders. Every role with the privileges may write here, by any means; triggers record each change.';
    END IF;
    -- Stored as an OID, so that the table stays that of orders if it is renamed.
    UPDATE order_settings SET main = order_main_table()
     WHERE NOT attached AND main IS DISTINCT FROM order_main_table();
END
$$;

CREATE TABLE IF NOT EXISTS order_tables (
    relation   regclass    NOT NULL,
    watched_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT order_tables_pkey PRIMARY KEY (relation)
);
-- in a database of an earlier version
ALTER TABLE order_tables ADD COLUMN IF NOT EXISTS dated name;
COMMENT ON TABLE order_tables IS
    'The watched tables. Use watch_table() and unwatch_table(), which also create and drop triggers.';
COMMENT ON COLUMN order_tables.dated IS
    'The column for which triggers keep the time of its last change, in <dated>_changed_at; or null. '
    'Use order_follow_waiting().';

CREATE TABLE IF NOT EXISTS order_partitions (
    partition  regclass    NOT NULL,
    relation   regclass    NOT NULL,
    entered_by xid8        NOT NULL DEFAULT pg_current_xact_id(),
    settled    boolean     NOT NULL DEFAULT false,

    CONSTRAINT order_partitions_pkey PRIMARY KEY (partition)
);
COMMENT ON TABLE order_partitions IS
    'The partitions of watched tables whose rows are in the stream. A partition is added, with an INSERT '
    'event for each row, before the first change of a row in it. It is removed, with a DELETE event for '
    'each row, when it is detached. settled: the partition has the trigger that records its TRUNCATE and DETACH.';

CREATE TABLE IF NOT EXISTS order_outbox (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    operation  text        NOT NULL,
    actor      text,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    "table"    text        NOT NULL,
    order_id   bigint,
    key        json,
    "row"      json,
    changed    json,
    transaction xid8       NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT order_outbox_pkey PRIMARY KEY (id)
);
-- Vacuum often: until then, entries that were taken are dead rows at the front of the index.
ALTER TABLE order_outbox SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0
);

CREATE TABLE IF NOT EXISTS order_events (
    position   bigint      NOT NULL,
    operation  text        NOT NULL,
    order_id   bigint,
    "row"      json,
    changed    json,
    actor      text,
    changed_at timestamptz NOT NULL,
    "table"    text        NOT NULL DEFAULT 'orders',
    key        json,

    CONSTRAINT order_events_pkey PRIMARY KEY (position),
    CONSTRAINT order_events_operation_known
        CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'))
);
COMMENT ON TABLE order_events IS
    'The log: every change of a watched table, numbered 1, 2, 3, ... without gaps. '
    'Append-only.';

CREATE TABLE IF NOT EXISTS order_stream (
    id         uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    origin     text        NOT NULL,

    CONSTRAINT order_stream_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE order_stream IS
    'One row: the identity of this numbering of events. Positions of different streams are not comparable.';

-- in a database of an earlier version
ALTER TABLE order_stream ADD COLUMN IF NOT EXISTS origin text;
COMMENT ON COLUMN order_stream.origin IS
    'The value of order_origin() when the stream began, or when a listener last verified that no published '
    'event is missing here.';

CREATE TABLE IF NOT EXISTS idempotency_keys (
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    response     text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    row_key      text[]      NOT NULL,
    version      text        NOT NULL,

    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key)
);
COMMENT ON TABLE idempotency_keys IS
    'Answers to requests with an Idempotency-Key, by this key; kept for a day.';

CREATE TABLE IF NOT EXISTS revoked_tokens (
    name         text        NOT NULL,
    counts_until timestamptz NOT NULL,
    kept_until   timestamptz NOT NULL,
    revoked_at   timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT revoked_tokens_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE revoked_tokens IS
    'Revoked tokens: token:<id>, or subject:<name> for all tokens issued to a subject up to '
    'counts_until. Redis has a copy of this list, which is written again if Redis loses it.';

CREATE TABLE IF NOT EXISTS order_users (
    name          text        NOT NULL,
    role          text        NOT NULL,
    rows          jsonb,
    password_hash text,
    disabled      boolean     NOT NULL DEFAULT false,
    link_digest   bytea,
    link_ends_at  timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT order_users_pkey PRIMARY KEY (name),
    CONSTRAINT order_users_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT order_users_role_known CHECK (role IN ('viewer', 'clerk', 'admin'))
);
-- Prevents names that differ only in case, which people would confuse. Also serves the sign-in.
CREATE UNIQUE INDEX IF NOT EXISTS order_users_name_key ON order_users (lower(name));
COMMENT ON TABLE order_users IS
    'People who sign in with a password. password_hash: argon2id. rows: the rows that the user is '
    'restricted to, in the format of a token''s claim "rows". link_digest: the SHA-256 of a link that '
    'sets the password, once.';

CREATE TABLE IF NOT EXISTS order_sessions (
    id           uuid        NOT NULL DEFAULT gen_random_uuid(),
    digest       bytea       NOT NULL,
    subject      text        NOT NULL,
    role         text        NOT NULL,
    rows         jsonb,
    user_name    text,
    started_at   timestamptz NOT NULL DEFAULT now(),
    used_at      timestamptz NOT NULL DEFAULT now(),
    idle_ends_at timestamptz,
    ends_at      timestamptz NOT NULL,
    address      text        NOT NULL DEFAULT '',
    browser      text        NOT NULL DEFAULT '',

    CONSTRAINT order_sessions_pkey PRIMARY KEY (id),
    CONSTRAINT order_sessions_digest_key UNIQUE (digest),
    CONSTRAINT order_sessions_user_fkey FOREIGN KEY (user_name) REFERENCES order_users (name)
        ON DELETE CASCADE
);
COMMENT ON TABLE order_sessions IS
    'Sessions of browsers, and tokens that admins made for programs (idle_ends_at is null). digest: the '
    'SHA-256 of the secret that the client sends. A session that is deleted, or gets another id, is '
    'revoked under the id that it had.';

CREATE TABLE IF NOT EXISTS order_company_sessions (
    session_id       uuid        NOT NULL,
    provider_subject text        NOT NULL,
    provider_session text,
    secrets          bytea       NOT NULL,
    refresh_at       timestamptz,
    failures         integer     NOT NULL DEFAULT 0,
    ends_at          timestamptz NOT NULL,

    CONSTRAINT order_company_sessions_pkey PRIMARY KEY (session_id),
    CONSTRAINT order_company_sessions_session_fkey FOREIGN KEY (session_id) REFERENCES order_sessions
        ON DELETE CASCADE ON UPDATE CASCADE
);
COMMENT ON TABLE order_company_sessions IS
    'Further data of sessions that began with a company login: the provider''s identifiers of person and '
    'session, its tokens (secrets, encrypted with a key of the API), when to ask the provider again '
    '(refresh_at), and when the session ends if the provider has not answered by then (ends_at).';

CREATE TABLE IF NOT EXISTS order_sign_in_attempts (
    key           text        NOT NULL,
    failures      integer     NOT NULL,
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL,

    CONSTRAINT order_sign_in_attempts_pkey PRIMARY KEY (key)
);
COMMENT ON TABLE order_sign_in_attempts IS
    'Failed attempts to sign in by name, by address and by both, shared by all API processes; '
    'forgotten an hour after the last one.';

CREATE TABLE IF NOT EXISTS order_preferences (
    subject    text        NOT NULL,
    name       text        NOT NULL,
    value      jsonb       NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT order_preferences_pkey PRIMARY KEY (subject, name),
    CONSTRAINT order_preferences_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT order_preferences_value_size CHECK (octet_length(value::text) <= 16384)
);
COMMENT ON TABLE order_preferences IS
    'Settings that each person has chosen in the dashboard, such as the columns of a table.';

CREATE TABLE IF NOT EXISTS order_views (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    "table"    text        NOT NULL,
    name       text        NOT NULL,
    query      text        NOT NULL,
    owner      text        NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT order_views_pkey PRIMARY KEY (id),
    CONSTRAINT order_views_name UNIQUE (owner, "table", name),
    CONSTRAINT order_views_name_length CHECK (char_length(name) BETWEEN 1 AND 60),
    CONSTRAINT order_views_query_length CHECK (char_length(query) <= 4000)
);
COMMENT ON TABLE order_views IS
    'Saved views of the dashboard: filter, search and order of a table, as query parameters of the API. '
    'Views without an owner are shared.';

CREATE TABLE IF NOT EXISTS order_templates (
    name       text        NOT NULL,
    template   text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT order_templates_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE order_templates IS
    'Templates for printing, as HTML with {{names}}: docs/printing.md. Without a row the dashboard uses '
    'its own template.';



DO $$
BEGIN
    IF to_regclass('order_next_choices') IS NULL THEN
        CREATE TABLE order_next_choices (
            "table"  text   NOT NULL,
            "column" text   NOT NULL,
            value    text   NOT NULL,
            next     text[] NOT NULL,

            CONSTRAINT order_next_choices_pkey PRIMARY KEY ("table", "column", value)
        );
        INSERT INTO order_next_choices
        SELECT 'orders', 'status', value, next
          FROM order_settings,
               (VALUES ('pending', '{processing,cancelled}'::text[]),
                       ('processing', '{shipped,pending,cancelled}'),
                       ('shipped', '{delivered,processing}'),
                       ('delivered', '{}'),
                       ('cancelled', '{pending}')) AS seed (value, next)
         WHERE NOT attached;
    END IF;
END
$$;
COMMENT ON TABLE order_next_choices IS
    'For a column with a fixed set of values: which values usually follow a value, most usual first. '
    'order_schema() shows them as "next". Nothing enforces them. The owner edits this table; admins '
    'edit it in the dashboard.';

CREATE TABLE IF NOT EXISTS order_thresholds (
    "table"    text     NOT NULL,
    "column"   text     NOT NULL,
    value      text     NOT NULL,
    warn_after interval NOT NULL,
    late_after interval NOT NULL,

    CONSTRAINT order_thresholds_pkey PRIMARY KEY ("table", "column", value),
    CONSTRAINT order_thresholds_ascend CHECK (warn_after < late_after),
    CONSTRAINT order_thresholds_bounds CHECK (warn_after >= '1 second' AND late_after <= '10 years')
);
COMMENT ON TABLE order_thresholds IS
    'For a column with a fixed set of values: how long a row may have a value before it needs '
    'attention (warn_after), and before it is late (late_after). order_schema() shows them as '
    '"waiting". The owner edits this table; admins edit it in the dashboard.';


-- Upgrade from earlier versions, part 2: tables and their rows -------------------------------------

DO $$
DECLARE
    checked record;
BEGIN
    IF EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = 'order_events'::regclass AND attname = 'order') THEN
        DROP FUNCTION IF EXISTS order_event_json(order_events) CASCADE;    -- it depends on the row type
        ALTER TABLE order_events RENAME COLUMN "order" TO "row";
        ALTER TABLE order_events
            ADD COLUMN "table" text NOT NULL DEFAULT 'orders',
            ADD COLUMN key json;
    END IF;

    IF EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = 'order_outbox'::regclass AND attname = 'new_row') THEN
        SET LOCAL timezone = 'UTC';
        ALTER TABLE order_outbox
            ADD COLUMN "table" text NOT NULL DEFAULT 'orders',
            ADD COLUMN order_id bigint,
            ADD COLUMN key json,
            ADD COLUMN "row" json,
            ADD COLUMN old json;
        EXECUTE $convert$
            UPDATE order_outbox
               SET order_id = coalesce((new_row).id, (old_row).id),
                   "row" = CASE WHEN operation IN ('INSERT', 'UPDATE')
                                THEN row_to_json(new_row, true) END,
                   old = CASE WHEN operation IN ('UPDATE', 'DELETE')
                              THEN row_to_json(old_row, true) END
        $convert$;
        ALTER TABLE order_outbox
            DROP COLUMN old_row, DROP COLUMN new_row,
            ALTER COLUMN "table" DROP DEFAULT;
    END IF;
    IF EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = 'order_outbox'::regclass AND attname = 'old' AND NOT attisdropped) THEN
        -- Part 3 of the upgrade fills "changed" from the old row and then drops "old".
        ALTER TABLE order_outbox ADD COLUMN changed json, ADD COLUMN transaction xid8;
        UPDATE order_outbox SET transaction = xmin::text::xid8;
        ALTER TABLE order_outbox
            ALTER COLUMN transaction SET DEFAULT pg_current_xact_id(),
            ALTER COLUMN transaction SET NOT NULL;
    END IF;

    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'idempotency_keys'::regclass
                  AND attname = 'order_id' AND NOT attisdropped) THEN
        ALTER TABLE idempotency_keys
            ADD COLUMN row_key text[],
            ADD COLUMN version text;
        UPDATE idempotency_keys
           SET row_key = ARRAY[order_id::text], version = coalesce(response::json->>'version', '');
        ALTER TABLE idempotency_keys
            DROP COLUMN order_id,
            ALTER COLUMN row_key SET NOT NULL,
            ALTER COLUMN version SET NOT NULL;
    END IF;

    IF EXISTS (SELECT FROM pg_constraint
                WHERE NOT (SELECT attached FROM order_settings) AND conrelid = to_regclass('orders')
                  AND conname = 'orders_status_known' AND pg_get_constraintdef(oid) =
                      'CHECK ((status = ANY (ARRAY[''pending''::text, ''processing''::text, ''shipped''::text, '
                      '''delivered''::text, ''cancelled''::text])))')
    THEN    -- the new CHECK allows the same values and is faster
        ALTER TABLE orders DROP CONSTRAINT orders_status_known;
        ALTER TABLE orders ADD CONSTRAINT orders_status_known
            CHECK (status = ANY ('{pending,processing,shipped,delivered,cancelled}'));
    END IF;

    -- Replace earlier constraints on the texts of orders. Existing rows may break the new ones.
    FOR checked IN
        SELECT conname, regexp_replace(conname, '_(size|text)$', '_text') AS name,
               regexp_replace(conname, '^orders_(.*)_(size|text)$', '\1') AS subject
          FROM pg_constraint
         WHERE NOT (SELECT attached FROM order_settings) AND conrelid = to_regclass('orders')
           AND (conname IN ('orders_customer_name_size', 'orders_product_name_size')
                OR conname IN ('orders_customer_name_text', 'orders_product_name_text')
                   AND position('btrim(' IN pg_get_constraintdef(oid)) > 0)
    LOOP
        EXECUTE format('ALTER TABLE orders DROP CONSTRAINT %I', checked.conname);
        EXECUTE format('ALTER TABLE orders ADD CONSTRAINT %I'
                       ' CHECK (%I ~ %L AND char_length(%2$I) <= 200) NOT VALID',
                       checked.name, checked.subject, '\S');
        BEGIN
            EXECUTE format('ALTER TABLE orders VALIDATE CONSTRAINT %I', checked.name);
        EXCEPTION WHEN check_violation THEN
            RAISE WARNING 'some orders break %: it binds new and changed rows only', checked.name;
        END;
    END LOOP;
END
$$;
COMMENT ON TABLE order_outbox IS
    'Committed changes that have no position yet. If one change could have seen another, it has the '
    'higher id. The table is nearly always empty.';
COMMENT ON COLUMN order_events.changed IS
    'Of an UPDATE, the old values of the columns that differ; of a DELETE, the deleted row.';


-- Indexes, each with the query it serves --------------------------------------------------------

-- GET /api/orders/{id}/events, which shows an order and its children: WHERE order_id = ... ORDER BY position
CREATE INDEX IF NOT EXISTS order_events_order_id ON order_events (order_id, position);
-- GET /api/activity for one actor: WHERE actor = ... ORDER BY position. Also serves the list of actors.
CREATE INDEX IF NOT EXISTS order_events_actor ON order_events (actor, position)
    WHERE actor IS NOT NULL;
-- deletion of expired keys: WHERE created_at < ...
CREATE INDEX IF NOT EXISTS idempotency_keys_created_at ON idempotency_keys (created_at);
-- at most one stream
CREATE UNIQUE INDEX IF NOT EXISTS order_stream_single_row ON order_stream ((true));
DO $$
BEGIN
    IF (SELECT attached FROM order_settings) THEN
        RETURN;
    END IF;
    DROP INDEX IF EXISTS orders_customer_name;
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('orders') AND attname = 'version') THEN
        COMMENT ON COLUMN orders.version IS
            'Starts at 1, grows by one with each change. Set by trigger; a writer''s value is ignored.';
    END IF;
    -- Index the columns that this script created, unless the owner has dropped them.
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('orders') AND attname = 'status') THEN
        -- GET /api/orders?status=...: WHERE status = ... ORDER BY id DESC
        CREATE INDEX IF NOT EXISTS orders_status ON orders (status, id);
    END IF;
    IF EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = to_regclass('orders') AND attname = 'customer_name') THEN
        -- GET /api/orders?customer_name=...: on a hash, because a btree refuses long values
        CREATE INDEX IF NOT EXISTS orders_customer ON orders (hashtextextended(customer_name, 0), id);
    END IF;
END
$$;

-- The API answers a request that breaks one of these constraints with the constraint's comment.
DO $$
DECLARE
    checked text;
BEGIN
    FOR checked IN
        SELECT conname FROM pg_constraint
         WHERE NOT (SELECT attached FROM order_settings) AND conrelid = to_regclass('orders')
           AND conname IN ('orders_customer_name_text', 'orders_product_name_text')
           AND obj_description(oid, 'pg_constraint') IS NULL
    LOOP
        EXECUTE format('COMMENT ON CONSTRAINT %I ON orders IS %L', checked,
                       'must not be blank, and have at most 200 characters');
    END LOOP;
END
$$;


-- Advisory locks --------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION order_lock(name text) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN hashtext('real-time orders: ' || name);
COMMENT ON FUNCTION order_lock IS
    'Returns the key of an advisory lock. take: held while a batch is numbered. leader: held by the '
    'leading listener. asleep: held by the leading listener while it waits for a notification. silent: '
    'held (shared) by a transaction that changed watched tables without NOTIFY, until it ends. '
    'recorders: held while trigger functions are made.';


-- Descriptions of tables, read from the catalog ---------------------------------------------------

CREATE OR REPLACE FUNCTION order_table_name(relation regclass) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT CASE WHEN pg_class.oid = order_main_table() THEN 'orders'
                WHEN nspname = 'public' AND relname <> 'orders' THEN relname
                ELSE nspname || '.' || relname END
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE pg_class.oid = relation
);
COMMENT ON FUNCTION order_table_name IS
    'Returns the name of a table in events and in order_schema(): with its schema, unless the schema is '
    'public. Only the main table is called "orders", whatever its own name is.';

CREATE OR REPLACE FUNCTION order_is_maintained(name name, type oid) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN name = 'version' AND type IN ('int4'::regtype, 'int8'::regtype)
    OR name = 'updated_at' AND type = 'timestamptz'::regtype;
COMMENT ON FUNCTION order_is_maintained IS
    'Returns whether triggers set a column of this name and type. A column with such a name but another '
    'type is an ordinary column.';

CREATE OR REPLACE FUNCTION order_primary_key(relation regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN ARRAY(
    SELECT attname::text
      FROM pg_index
     CROSS JOIN unnest(indkey) WITH ORDINALITY AS key (number, place)
      JOIN pg_attribute ON attrelid = indrelid AND attnum = key.number
     WHERE indrelid = relation AND indisprimary AND key.place <= indnkeyatts
     ORDER BY key.place
);
COMMENT ON FUNCTION order_primary_key IS 'Returns the columns of a table''s primary key, in the key''s order.';

CREATE OR REPLACE FUNCTION order_partition_columns(relation regclass) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    WITH RECURSIVE tree AS (
        SELECT relation::oid AS node
         UNION ALL
        SELECT inhrelid FROM tree JOIN pg_partitioned_table ON partrelid = node
          JOIN pg_inherits ON inhparent = node
    )
    SELECT array_agg(DISTINCT attname::text)
      FROM tree JOIN pg_partitioned_table ON partrelid = node
      JOIN pg_attribute ON attrelid = node AND attnum = ANY (partattrs)
);
COMMENT ON FUNCTION order_partition_columns IS
    'Returns the columns by which a table and its partitions are partitioned; null if the table is not '
    'partitioned.';

CREATE OR REPLACE FUNCTION order_main_key(relation regclass) RETURNS text[]
LANGUAGE sql STABLE
RETURN (
    SELECT CASE WHEN cardinality(identity) = 1 THEN identity ELSE order_primary_key(relation) END
      FROM (SELECT ARRAY(SELECT name FROM unnest(order_primary_key(relation)) AS name
                          WHERE name <> ALL (order_partition_columns(relation))) AS identity) AS found
);
COMMENT ON FUNCTION order_main_key IS
    'Returns the columns that identify a row if the table is the main table. The primary key of a '
    'partitioned table must contain the partition columns; an order is identified without them, if one '
    'column is left.';

CREATE OR REPLACE FUNCTION order_key_columns(relation regclass) RETURNS text[]
LANGUAGE sql STABLE
RETURN CASE WHEN relation IS NOT DISTINCT FROM order_main_table() THEN order_main_key(relation)
            ELSE order_primary_key(relation) END;
COMMENT ON FUNCTION order_key_columns IS 'Returns the columns that identify a row of a table, in the key''s order.';

CREATE OR REPLACE FUNCTION order_parent_column(relation regclass) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT attname::text
      FROM pg_constraint AS link
      JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
     WHERE conrelid = relation AND contype = 'f' AND cardinality(conkey) = 1
       AND confrelid = order_main_table() AND conrelid <> confrelid
       AND confkey = (SELECT conkey FROM pg_constraint AS key
                       WHERE key.conrelid = link.confrelid AND key.contype = 'p')
     ORDER BY conname LIMIT 1
);
COMMENT ON FUNCTION order_parent_column IS
    'Returns the column by which a row of this table belongs to an order: a foreign key of one column to '
    'the primary key of the main table. Null if there is none.';

CREATE OR REPLACE FUNCTION order_base_type(type oid) RETURNS oid
LANGUAGE sql STABLE
RETURN (
    WITH RECURSIVE base AS (
        SELECT type AS oid
        UNION ALL
        SELECT typbasetype FROM base JOIN pg_type USING (oid) WHERE typtype = 'd'
    )
    SELECT base.oid FROM base JOIN pg_type USING (oid) WHERE typtype <> 'd'
);
COMMENT ON FUNCTION order_base_type IS 'Returns the base type of a domain; any other type unchanged.';

CREATE OR REPLACE FUNCTION order_rendering_kind(type oid) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    base CONSTANT oid := public.order_base_type(type);
    found pg_type;
BEGIN
    SELECT * INTO found FROM pg_type WHERE oid = base;
    IF found.typcategory = 'A' AND found.typelem <> 0 THEN
        RETURN public.order_rendering_kind(found.typelem);
    ELSIF found.typtype = 'e' OR base = ANY (ARRAY[
        'text', 'varchar', 'bpchar', 'name', '"char"', 'int2', 'int4', 'int8', 'oid', 'numeric',
        'bool', 'uuid', 'date', 'time', 'timetz', 'timestamp', 'timestamptz']::regtype[]) THEN
        RETURN 'plain';
    ELSIF base = 'jsonb'::regtype THEN
        RETURN 'jsonb';
    ELSIF base = ANY (ARRAY[
        'float4', 'float8', 'interval', 'bytea', 'inet', 'cidr', 'macaddr', 'macaddr8', 'point',
        'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'tsvector', 'tsquery', 'bit', 'varbit',
        'xml', 'jsonpath', 'pg_lsn', 'tid', 'xid', 'xid8', 'pg_snapshot']::regtype[]) THEN
        RETURN 'by settings';
    END IF;
    RETURN 'foreign';
END
$$;
COMMENT ON FUNCTION order_rendering_kind IS
    'Returns on what the JSON text of a type''s values depends. plain: on the time zone only, which '
    'triggers set to UTC. jsonb: the same, but values may be nested. by settings: also on the settings '
    'that order_settings_neutral() checks. foreign: perhaps on more; also json, whose text is not normalized.';

-- The facts about a table that its triggers need.
DO $$
BEGIN
    IF to_regtype('order_shape') IS NULL THEN
        CREATE TYPE order_shape AS (
            name       text,
            is_orders  boolean,
            key        text[],
            order_id   text,
            version    text,
            updated_at boolean,
            generated  boolean,
            foreign_   boolean,
            by_setting boolean,
            nested     boolean,
            rendering  text,
            dated      text
        );
    ELSIF NOT EXISTS (SELECT FROM pg_attribute
                       WHERE attrelid = (SELECT typrelid FROM pg_type WHERE oid = to_regtype('order_shape'))
                         AND attname = 'dated') THEN
        ALTER TYPE order_shape ADD ATTRIBUTE dated text;
    END IF;
END
$$;
COMMENT ON TYPE order_shape IS
    'The facts about a watched table that its triggers need. order_id: the column that holds the id of '
    'the order. version: the type of the column "version", if triggers set it. rendering: SQL that turns '
    '$1, a row, into a record to be rendered; null if the row can be rendered as it is. dated: see '
    'order_dated_column().';

CREATE OR REPLACE FUNCTION order_date_column(dated text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN dated || '_changed_at';
COMMENT ON FUNCTION order_date_column IS
    'Returns the name of the column that holds the time of the last change of a column.';

CREATE OR REPLACE FUNCTION order_dated_column(relation regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT dated
      FROM public.order_tables
      JOIN pg_attribute AS value ON value.attrelid = order_tables.relation AND value.attname = dated
      JOIN pg_attribute AS date ON date.attrelid = order_tables.relation
           AND date.attname = public.order_date_column(dated)
     WHERE order_tables.relation = order_dated_column.relation
       AND date.atttypid = 'timestamptz'::regtype AND date.attgenerated = ''
       AND NOT value.attisdropped AND NOT date.attisdropped
);
COMMENT ON FUNCTION order_dated_column IS
    'Returns the column of a table for which triggers keep the time of its last change, in '
    'order_date_column(); null if there is none. See order_follow_waiting().';

CREATE OR REPLACE FUNCTION order_refuse_old_snapshot(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns text[];
    types   oid[];
    found   oid[];
    number  integer;
BEGIN
    IF current_setting('transaction_isolation') = 'read committed' THEN
        RETURN;
    END IF;
    -- Queries of the catalog see it as of the transaction's snapshot; the table's row type is current.
    SELECT array_agg(quote_ident(attname) ORDER BY attnum), array_agg(atttypid ORDER BY attnum)
      INTO columns, types
      FROM pg_attribute
     WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped;
    EXECUTE format('SELECT count(*) FROM json_object_keys(row_to_json(jsonb_populate_record('
                   'NULL::%s, ''{}'')))', relation) INTO number;
    EXECUTE format('SELECT ARRAY[%s] FROM (SELECT (NULL::%s).*) AS r',
                   (SELECT string_agg(format('pg_typeof(r.%s)::oid', name), ', ' ORDER BY place)
                      FROM unnest(columns) WITH ORDINALITY AS listed (name, place)), relation)
        INTO found;
    IF number <> cardinality(columns) OR found <> types
       -- The table's present primary key is not visible in the snapshot.
       OR pg_get_replica_identity_index(relation) NOT IN (SELECT indexrelid FROM pg_index WHERE indrelid = relation)
    THEN
        RAISE undefined_column;
    END IF;
EXCEPTION WHEN undefined_column THEN
    RAISE EXCEPTION 'could not serialize access: table % was altered', relation
        USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
END
$$;
COMMENT ON FUNCTION order_refuse_old_snapshot IS
    'Raises an error in a transaction whose snapshot is older than the table''s columns or primary key.';

CREATE OR REPLACE FUNCTION order_read_shape(relation regclass) RETURNS order_shape
LANGUAGE plpgsql VOLATILE    -- for a new snapshot: that of a COPY may be older than DDL that it waited for
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shape       public.order_shape;
    partitioned boolean;
    kinds       text[];
    columns     text;
BEGIN
    SELECT relkind = 'p' INTO partitioned
      FROM pg_class WHERE oid = relation AND relkind IN ('r', 'p');
    IF partitioned IS NULL THEN
        RETURN NULL;
    END IF;
    shape.name := public.order_table_name(relation);
    shape.is_orders := relation IS NOT DISTINCT FROM public.order_main_table();
    shape.key := public.order_key_columns(relation);
    shape.dated := public.order_dated_column(relation);
    shape.order_id := CASE WHEN NOT shape.is_orders THEN public.order_parent_column(relation)
                           ELSE shape.key[1] END;
    SELECT max(format_type(atttypid, NULL)) FILTER (
               WHERE attname = 'version' AND public.order_is_maintained(attname, atttypid)),
           coalesce(bool_or(attname = 'updated_at' AND public.order_is_maintained(attname, atttypid)), false)
      INTO shape.version, shape.updated_at
      FROM pg_attribute
     WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '';

    WITH described AS (
        SELECT attnum, attname, attgenerated, format_type(atttypid, atttypmod) AS type,
               public.order_rendering_kind(atttypid) AS kind, pg_get_expr(adbin, adrelid) AS expression
          FROM pg_attribute
          LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    )
    SELECT array_agg(DISTINCT kind), bool_or(attgenerated <> ''),
           string_agg(
               format(CASE WHEN kind = 'foreign'
                           -- Remove line feeds: in a rendered row they may only separate columns.
                           THEN 'translate(to_json(%s)::text, E''\n\r'', ''  '')::json AS %I'
                           ELSE '%s AS %I' END,
                      CASE WHEN attgenerated = '' THEN format('s.%I', attname)
                           ELSE format('(%s)::%s', expression, type) END,
                      attname),
               ', ' ORDER BY attnum)
      INTO kinds, shape.generated, columns
      FROM described;
    shape.foreign_ := 'foreign' = ANY (kinds);
    shape.by_setting := 'by settings' = ANY (kinds);
    shape.nested := shape.foreign_ OR 'jsonb' = ANY (kinds);
    -- A partition may have its columns in another order than its table.
    IF shape.generated OR shape.foreign_ OR partitioned THEN
        shape.rendering := format(
            'SELECT %s FROM (SELECT ($1).*, %s AS tableoid) AS s', columns,
            CASE WHEN partitioned
                 THEN '(SELECT typrelid FROM pg_catalog.pg_type WHERE oid = pg_typeof($1)::oid)'
                 ELSE relation::oid::text || '::oid' END);
    END IF;
    PERFORM public.order_refuse_old_snapshot(relation);
    RETURN shape;
END
$$;
COMMENT ON FUNCTION order_read_shape IS 'Reads a table''s shape from the catalog.';

CREATE OR REPLACE FUNCTION order_shape(relation regclass) RETURNS order_shape
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN public.order_read_shape(relation);
END
$$;
COMMENT ON FUNCTION order_shape IS
    'Returns the shape of a table, as a constant. It is declared immutable although the catalog changes, '
    'so that the planner evaluates it once for each plan. PostgreSQL plans again after any DDL on a table '
    'that the plan names by a regclass constant. So call this function only with such a constant.';

CREATE OR REPLACE FUNCTION order_watched_shape(relation regclass) RETURNS order_shape
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.order_tables WHERE order_tables.relation = order_watched_shape.relation)
    THEN
        RAISE EXCEPTION '% is not watched, although it has a trigger of the stream', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'SELECT watch_table(...) creates the triggers of a table.';
    END IF;
    RETURN public.order_read_shape(relation);
END
$$;
COMMENT ON FUNCTION order_watched_shape IS
    'Returns the shape of a table after a dump was restored, when its triggers name an OID of the old '
    'database. Slow, until db/init.sql has run and replaced the triggers. Raises an error for a table '
    'that is not watched.';

CREATE OR REPLACE FUNCTION order_fingerprint(relation regclass) RETURNS text
LANGUAGE sql VOLATILE    -- for a new snapshot, as in order_read_shape
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- This runs before a session's first change. Each catalog read costs 0.5 ms. BEGIN ATOMIC is used
    -- because its body need not be parsed again.
    SELECT md5(concat_ws(' ', relation, (
        SELECT string_agg(concat_ws(' ', attnum, attname, atttypid, attcollation, attgenerated, attnotnull),
                          ',' ORDER BY attnum)
          FROM pg_attribute
         WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    ), (
        SELECT string_agg(concat_ws(' ', conname, contype, conkey, confrelid, confkey), ',' ORDER BY conname)
          FROM pg_constraint
         WHERE conrelid = relation AND contype IN ('p', 'f')
    )));
END;
COMMENT ON FUNCTION order_fingerprint IS
    'Returns a hash of what generated code of a table depends on: name, columns, keys.';

CREATE OR REPLACE FUNCTION order_shape_is(relation regclass, fingerprint text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN (current_setting('transaction_isolation') = 'read committed'
        -- True, unless order_refuse_old_snapshot() raises an error.
        OR (order_refuse_old_snapshot(relation) IS NULL) IS NOT NULL)
   AND coalesce(order_fingerprint(relation) = fingerprint, false);
COMMENT ON FUNCTION order_shape_is IS
    'Returns whether code that was generated for a table still fits it, as a constant: it is declared '
    'immutable for the reason given at order_shape(). Use it in an expression of its own, which is then '
    'planned only once.';


-- The schema document ---------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION order_check_choices(expression text, subject text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    literal CONSTANT text := '(?:E?''(?:[^'']|'''')*''|-?[0-9][0-9.]*|\(-[0-9][0-9.]*\))';
    type    CONSTANT text := '(?:::[a-zA-Z_."][^,\[\]()'']*(?:\([0-9,]+\))?[^,\[\]()'']*)?';
    name    CONSTANT text := regexp_replace(subject, '([^a-zA-Z0-9_])', '\\\1', 'g');
    column_ CONSTANT text := format('\(*%s\)*%s\)*', name, type);
    item    text;
    list    text;
    found   text[] := '{}';
BEGIN
    list := substring(expression FROM format(
        '^\(*%s = ANY \(*ARRAY\[(%s%s(?:, %2$s%3$s)*)\]\)*(?:::[^'']*)?\)*$',
        column_, literal, type));
    IF list IS NULL THEN
        item := substring(expression FROM format('^\(*%s = (%s)%s\)*$', column_, literal, type));
        IF item IS NULL THEN
            item := substring(expression FROM format(
                '^\(*%s = ANY \(*(%s)::[^'']*\[\]\)*$', column_, literal));
            RETURN CASE WHEN item IS NOT NULL
                        THEN replace(substring(item FROM '^''(.*)''$'), '''''', '''')::text[] END;
        END IF;
        list := item;
    END IF;
    FOR item IN SELECT match[1] FROM regexp_matches(list, '(?:^|, )(' || literal || ')', 'g') AS match
    LOOP
        found := found || CASE
            WHEN item LIKE 'E''%' THEN
                replace(replace(substring(item FROM '^E''(.*)''$'), '''''', ''''), '\\', '\')
            WHEN item LIKE '''%' THEN replace(substring(item FROM '^''(.*)''$'), '''''', '''')
            ELSE btrim(item, '()') END;
    END LOOP;
    RETURN found;
END
$$;
COMMENT ON FUNCTION order_check_choices IS
    'Returns the values that a CHECK on one column allows; null if the expression is not of the form '
    'column IN (...) or column = ANY (...). expression: as pg_get_expr prints it.';

CREATE OR REPLACE FUNCTION order_check_length(expression text, subject text) RETURNS integer
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN expression !~ ' OR |NOT |CASE ' THEN (
    SELECT min(match[2]::bigint - CASE match[1] WHEN '<' THEN 1 ELSE 0 END)
      FROM regexp_matches(
           expression,
           format('(?:char_length|character_length|length)\(\(*%s\)*(?:::text\)?)?\)? (<=?) ([0-9]{1,9})\)',
                  regexp_replace(subject, '([^a-zA-Z0-9_])', '\\\1', 'g')), 'g') AS match
)::integer END;
COMMENT ON FUNCTION order_check_length IS
    'Returns how many characters a CHECK on one column allows at most; null if it sets no such bound.';

CREATE OR REPLACE FUNCTION order_leaves() RETURNS TABLE (partition regclass, relation regclass)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE tree AS (
        SELECT oid AS node, oid AS root, relkind
          FROM public.order_tables JOIN pg_class ON oid = order_tables.relation
         WHERE relkind = 'p'
         UNION ALL
        SELECT pg_class.oid, root, pg_class.relkind
          FROM tree JOIN pg_inherits ON inhparent = node AND NOT inhdetachpending
          JOIN pg_class ON pg_class.oid = inhrelid
         WHERE tree.relkind = 'p'
    )
    SELECT node, root FROM tree WHERE relkind <> 'p';
END;
COMMENT ON FUNCTION order_leaves IS
    'Returns the partitions of watched tables that hold rows, from the catalog, without locking them.';

CREATE OR REPLACE FUNCTION order_schema_version() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- xmin of a catalog row is the transaction that wrote it last. It changes even if DDL replaces values
    -- (USING), or the table was unwatched for a while, and the description ends as it was. But GRANT,
    -- TRUNCATE, VACUUM FULL and this script rewrite rows of pg_class, and COMMENT those of
    -- pg_description, without such a change; of these two catalogs only the contents are hashed. The row
    -- of a table's row type is rewritten when the table is renamed.
    WITH RECURSIVE held AS (    -- types of columns, and the types in those
        SELECT atttypid AS type FROM public.order_tables JOIN pg_attribute ON attrelid = relation
         WHERE attnum > 0 AND atttypid >= 16384
         UNION
        SELECT part.type FROM held JOIN pg_type ON oid = held.type CROSS JOIN LATERAL (
            SELECT typelem AS type UNION ALL SELECT typbasetype
             UNION ALL SELECT rngsubtype FROM pg_range WHERE oid IN (rngtypid, rngmultitypid)
             UNION ALL SELECT atttypid FROM pg_attribute WHERE attrelid = typrelid AND attnum > 0) AS part
         WHERE part.type >= 16384
    )
    SELECT md5(concat(
        (SELECT string_agg(concat(attrelid, '.', attnum, '.', pg_attribute.xmin), ',' ORDER BY attrelid, attnum)
           FROM held JOIN pg_type ON pg_type.oid = held.type JOIN pg_attribute ON attrelid = typrelid
          WHERE attnum > 0),
        (SELECT string_agg(concat(pg_class.oid, '.', order_tables.xmin, '.', pg_type.xmin, quote_literal(relname),
                                  relnamespace, quote_literal(nspname)), ',' ORDER BY pg_class.oid)
           FROM public.order_tables JOIN pg_class ON pg_class.oid = relation
           JOIN pg_type ON pg_type.oid = reltype
           JOIN pg_namespace ON pg_namespace.oid = relnamespace),
        (SELECT string_agg(concat(attrelid, '.', attnum, '.', pg_attribute.xmin), ',' ORDER BY attrelid, attnum)
           FROM public.order_tables JOIN pg_attribute ON attrelid = relation
          WHERE attnum > 0 AND NOT attisdropped),
        (SELECT string_agg(concat(adrelid, '.', adnum, '.', pg_attrdef.xmin), ',' ORDER BY adrelid, adnum)
           FROM public.order_tables JOIN pg_attrdef ON adrelid = relation),
        (SELECT string_agg(concat(pg_constraint.oid, '.', pg_constraint.xmin), ',' ORDER BY pg_constraint.oid)
           FROM public.order_tables JOIN pg_constraint ON conrelid = relation),
        (SELECT string_agg(concat(objoid, '.', objsubid, '.', quote_literal(description)), ',' ORDER BY objoid, objsubid)
           FROM public.order_tables JOIN pg_description ON objoid = relation AND classoid = 'pg_class'::regclass
          WHERE objsubid > 0),
        (SELECT string_agg(concat(pg_enum.oid, '.', pg_enum.xmin), ',' ORDER BY pg_enum.oid) FROM pg_enum),
        (SELECT string_agg(concat(pg_constraint.oid, '.', pg_constraint.xmin), ',' ORDER BY pg_constraint.oid)
           FROM pg_constraint WHERE contypid <> 0),
        (SELECT string_agg(concat(pg_type.oid, '.', pg_type.xmin), ',' ORDER BY pg_type.oid)
           FROM public.order_tables JOIN pg_attribute ON attrelid = relation
           JOIN pg_type ON pg_type.oid = atttypid AND pg_type.oid >= 16384 WHERE attnum > 0),
        (SELECT string_agg(concat("table", '.', "column", '.', quote_literal(value), next), ',' ORDER BY "table", "column", value)
           FROM public.order_next_choices),
        (SELECT string_agg(concat("table", '.', "column", '.', quote_literal(value), warn_after, '.', late_after),
                           ',' ORDER BY "table", "column", value)
           FROM public.order_thresholds),
        -- A partition that is attached or detached adds or removes rows, even if its successor has the same
        -- name. The rows of a partition without a guard may change unseen.
        (SELECT string_agg(concat(partition::oid, '.', leaf.relation, '.', entered_by, '.', settled),
                           ',' ORDER BY partition)
           FROM public.order_leaves() AS leaf LEFT JOIN public.order_partitions USING (partition)),
        -- A crash of the server empties unlogged tables, and resets these statistics.
        (SELECT extract(epoch FROM stats_reset) FROM pg_stat_bgwriter
          WHERE EXISTS (SELECT FROM pg_class WHERE relpersistence = 'u' AND oid IN (
                SELECT relation FROM public.order_tables UNION ALL SELECT partition FROM public.order_leaves()))),
        (SELECT xmin FROM public.order_settings)));
END;
COMMENT ON FUNCTION order_schema_version IS
    'Returns a hash that changes with everything that order_schema() shows, and when rows change without '
    'events; otherwise it stays the same. Cheap enough to be called every second.';


CREATE OR REPLACE FUNCTION order_schema() RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH checks AS MATERIALIZED (
        SELECT conrelid, attnum, contypid, conname, order_check_choices(expression, subject) AS choices,
               order_check_length(expression, subject) AS length
          FROM (SELECT conrelid, attnum, 0::oid AS contypid, conname, quote_ident(attname) AS subject,
                       pg_get_expr(conbin, conrelid) AS expression
                  FROM order_tables
                  JOIN pg_constraint ON conrelid = relation AND contype = 'c'
                  JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
                 UNION ALL
                SELECT 0, 0, contypid, conname, 'VALUE', pg_get_expr(conbin, 0)
                  FROM pg_constraint WHERE contype = 'c' AND contypid <> 0) AS simple
    ), columns AS (
        SELECT attrelid, attnum, attname::text AS name,
               -- the base type of a domain, because a filter may contain values that the domain refuses
               format_type(base.oid, greatest(atttypmod, declared.typtypmod)) AS type,
               base.typname, base.typcategory, base.typtype, base.oid AS base_oid,
               attnotnull OR declared.typnotnull AS required,
               attgenerated = '' AND attidentity <> 'a'
                   AND NOT ((attname IN ('id', 'created_at') OR attrelid = order_main_table()
                             AND ARRAY[attname::text] = order_key_columns(attrelid))
                            AND (atthasdef OR attidentity <> ''))
                   AND NOT order_is_maintained(attname, atttypid)
                   AND attname IS DISTINCT FROM order_date_column(order_dated_column(attrelid)) AS writable,
               atthasdef AND attgenerated = '' OR attidentity <> ''
                   OR declared.typdefault IS NOT NULL AS has_default,
               CASE WHEN base.typname IN ('varchar', 'bpchar')
                    THEN nullif(greatest(atttypmod, declared.typtypmod), -1) - 4 END AS declared_length,
               (SELECT min(length) FROM checks
                 WHERE conrelid = attrelid AND checks.attnum = pg_attribute.attnum
                    OR contypid = atttypid) AS checked_length,
               CASE WHEN base.typtype = 'e'
                    THEN ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = base.oid
                                ORDER BY enumsortorder)
                    ELSE (SELECT choices FROM checks
                           WHERE choices IS NOT NULL
                             AND (conrelid = attrelid AND checks.attnum = pg_attribute.attnum
                                  OR contypid = atttypid)
                           ORDER BY conname LIMIT 1) END AS choices,
               col_description(attrelid, attnum) AS comment
          FROM order_tables
          JOIN pg_attribute ON attrelid = relation
          JOIN pg_type AS declared ON declared.oid = atttypid
          JOIN pg_type AS base ON base.oid = order_base_type(atttypid)
         WHERE attnum > 0 AND NOT attisdropped
    ), tables AS (
        SELECT json_build_object(
                   'name', order_table_name(relation),
                   'schema', nspname,
                   'relation', relname,
                   'main', relation IS NOT DISTINCT FROM order_main_table(),
                   'display', CASE WHEN relation = order_main_table()
                                   THEN (SELECT display FROM order_settings) ELSE '{}' END,
                   'key', order_key_columns(relation),
                   'parent', CASE WHEN order_parent_column(relation) IS NOT NULL
                                  THEN json_build_object('table', 'orders', 'column',
                                                         order_parent_column(relation)) END,
                   'columns', (
                       SELECT json_agg(json_build_object(
                                  'name', name,
                                  'type', type,
                                  'kind', CASE
                                      WHEN choices IS NOT NULL THEN 'choice'
                                      WHEN typcategory = 'A' THEN 'array'
                                      WHEN typname IN ('int2', 'int4', 'int8') THEN 'integer'
                                      WHEN typname IN ('numeric', 'float4', 'float8') THEN 'number'
                                      WHEN typname = 'bool' THEN 'boolean'
                                      WHEN typname = 'date' THEN 'date'
                                      WHEN typname IN ('timestamp', 'timestamptz') THEN 'timestamp'
                                      WHEN typname = 'uuid' THEN 'uuid'
                                      WHEN typname IN ('json', 'jsonb') THEN 'json'
                                      WHEN typname = 'bytea' THEN 'binary'
                                      WHEN typname IN ('text', 'varchar', 'bpchar', 'name', 'citext')
                                      THEN 'text'
                                      ELSE 'other' END,
                                  'nullable', NOT required,
                                  'writable', writable,
                                  'default', has_default,
                                  'choices', choices,
                                  'next', (SELECT json_object_agg(value, next ORDER BY value)
                                             FROM order_next_choices AS step
                                            WHERE step."table" = order_table_name(relation)
                                              AND step."column" = name AND choices IS NOT NULL),
                                  'waiting', (SELECT json_object_agg(value, json_build_object(
                                                         'warn_seconds', extract(epoch FROM warn_after)::bigint,
                                                         'late_seconds', extract(epoch FROM late_after)::bigint)
                                                         ORDER BY value)
                                                FROM order_thresholds AS bound
                                               WHERE bound."table" = order_table_name(relation)
                                                 AND bound."column" = name
                                                 AND bound.value = ANY (choices)),
                                  'since', CASE WHEN name = order_dated_column(relation)
                                                THEN order_date_column(name) END,
                                  'max_length', least(declared_length, checked_length),
                                  'comment', comment) ORDER BY attnum)
                         FROM columns WHERE attrelid = relation)
               ) AS "table", relation IS DISTINCT FROM order_main_table() AS other,
               order_table_name(relation) AS name
          FROM order_tables
          JOIN pg_class ON pg_class.oid = relation
          JOIN pg_namespace ON pg_namespace.oid = relnamespace
         WHERE order_key_columns(relation) <> '{}'
    ), listed AS (
        SELECT coalesce(json_agg("table" ORDER BY other, name), '[]') AS list FROM tables
    )
    SELECT json_build_object('version', order_schema_version(),
                             'attached', (SELECT attached FROM order_settings), 'tables', list) FROM listed;
END;
COMMENT ON FUNCTION order_schema IS
    'Returns the description of the watched tables that GET /api/schema shows, from the catalog. A table '
    'that has lost its primary key is left out until it has one again.';


-- Search -----------------------------------------------------------------------------------------

-- COLLATE "default", because a column may have a nondeterministic collation, which LIKE refuses.
CREATE OR REPLACE FUNCTION order_search_text(content text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(content) = length(content) THEN lower(content COLLATE "default")    -- ASCII
    ELSE translate(lower(regexp_replace(normalize(content COLLATE "default", NFKD),
                                        '[\u0300-\u036f]', '', 'g')), 'ς', 'σ')
END;
COMMENT ON FUNCTION order_search_text IS
    'Returns a text as search compares it: without case and accents. This index makes search faster, '
    'with pg_trgm installed: CREATE INDEX ON orders USING gin (order_search_text(column) gin_trgm_ops).';


-- Rendering -----------------------------------------------------------------------------------
--
-- The writer's session renders a row, in one of two ways, which give the same text. While the code
-- generated for a table fits the table, that code uses row_to_json(row) and makes "changed" column by
-- column: order_fast_source(). In all other cases the functions in this section are used. They call
-- row_to_json(row, true), which puts E',\n ' between columns. The result has no other line feed, because
-- JSON escapes line feeds in texts and order_read_shape() has them replaced in json values. So two
-- renderings can be compared column by column without parsing. order_compact() removes the line feeds.
-- All of this assumes the time zone UTC, which the triggers set.

CREATE OR REPLACE FUNCTION order_settings_neutral() RETURNS boolean
LANGUAGE sql STABLE
RETURN current_setting('IntervalStyle') = 'postgres'
   AND current_setting('bytea_output') = 'hex'
   AND current_setting('extra_float_digits') IN ('1', '2', '3');
COMMENT ON FUNCTION order_settings_neutral IS
    'Returns whether this session renders rows as order_row_json_pinned() does, except for foreign types '
    'and the time zone. This check costs less than setting the settings.';

CREATE OR REPLACE FUNCTION order_row_json(shape order_shape, "row" anyelement) RETURNS json
LANGUAGE plpgsql
AS $$
DECLARE
    complete record;
BEGIN
    IF shape.rendering IS NULL THEN
        RETURN row_to_json("row", true);
    END IF;
    EXECUTE shape.rendering INTO complete USING "row";
    RETURN row_to_json(complete, true);
END
$$;
COMMENT ON FUNCTION order_row_json IS
    'Renders a row, including its generated columns, with the settings of the session.';

CREATE OR REPLACE FUNCTION order_row_json_pinned(shape order_shape, "row" anyelement) RETURNS json
LANGUAGE plpgsql
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
SET lc_monetary = 'C'
SET xmlbinary = 'base64'
SET quote_all_identifiers = off
AS $$
BEGIN
    RETURN public.order_row_json(shape, "row");
END
$$;
COMMENT ON FUNCTION order_row_json_pinned IS 'Renders a row as the same text in every session.';

CREATE OR REPLACE FUNCTION order_depth_exceeds(document text, levels integer) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    brackets text := document;
BEGIN
    IF length(document) - length(translate(document, '{[', '')) <= levels THEN
        RETURN false;
    END IF;
    brackets := regexp_replace(brackets, '"(?:[^"\\]|\\.)*"', '', 'g');
    brackets := translate(regexp_replace(brackets, '[^][{}]', '', 'g'), '[]', '{}');
    FOR level IN 1..levels LOOP
        brackets := replace(brackets, '{}', '');
        EXIT WHEN brackets = '';
    END LOOP;
    RETURN brackets <> '';
END
$$;
COMMENT ON FUNCTION order_depth_exceeds IS 'Returns whether a JSON document is nested deeper than this many levels.';

CREATE OR REPLACE FUNCTION order_row_most_bytes() RETURNS integer
LANGUAGE sql IMMUTABLE
RETURN 16 * 1024 * 1024;
COMMENT ON FUNCTION order_row_most_bytes IS
    'Returns the maximum size of one row as JSON, in bytes. A larger row is refused when it is written, '
    'because PostgreSQL limits a text to 1 GB, Redis a value to 512 MB, and every client has to hold the row.';

CREATE OR REPLACE FUNCTION order_render(shape order_shape, "row" anyelement) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    IF shape.foreign_ OR NOT public.order_settings_neutral() THEN
        RETURN public.order_row_json_pinned(shape, "row");
    END IF;
    RETURN public.order_row_json(shape, "row");
END
$$;
COMMENT ON FUNCTION order_render IS 'Renders a row as the same text in every session whose time zone is UTC.';

CREATE OR REPLACE FUNCTION order_travels(rendered text, nested boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN octet_length(rendered) <= order_row_most_bytes()
   AND NOT (nested AND octet_length(rendered) >= 200 AND order_depth_exceeds(rendered, 100));
COMMENT ON FUNCTION order_travels IS
    'Returns whether a rendered row is within the limits of size and, if it may hold nested JSON, of depth.';

CREATE OR REPLACE FUNCTION order_bounded(name text, nested boolean, rendered text, hint text DEFAULT NULL)
RETURNS json
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF octet_length(rendered) > public.order_row_most_bytes() THEN
        RAISE EXCEPTION 'a row of % takes % bytes as JSON, the limit is %', name,
            octet_length(rendered), public.order_row_most_bytes()
            USING ERRCODE = 'program_limit_exceeded',
                  HINT = coalesce(hint, 'Keep large documents in a table that is not watched.');
    ELSIF NOT public.order_travels(rendered, nested) THEN
        RAISE EXCEPTION 'a row of % holds JSON nested deeper than 99 levels', name
            USING ERRCODE = 'program_limit_exceeded',
                  HINT = 'Rows of watched tables travel as JSON, and clients refuse such nesting.';
    END IF;
    RETURN rendered;
END
$$;
COMMENT ON FUNCTION order_bounded IS
    'Returns the rendered row; raises an error if it is too large or nested too deep to be sent.';

CREATE OR REPLACE FUNCTION order_id_of(rendered text) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN rendered ~ '^-?[0-9]{1,18}$' THEN rendered::bigint
            WHEN rendered ~ '^-?[0-9]{19}$' THEN
                CASE WHEN rendered::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
                     THEN rendered::bigint END END;
COMMENT ON FUNCTION order_id_of IS 'Returns an order''s id from a JSON value; null if the value is not an integer.';

CREATE OR REPLACE FUNCTION order_compact(rendered text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN replace(rendered, E',\n ', ',');
COMMENT ON FUNCTION order_compact IS 'Removes the line feeds between the columns of a rendered row.';

CREATE OR REPLACE FUNCTION order_differences(old_row text, new_row text, ignored text[]) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (
    SELECT concat('{', string_agg(before, ',' ORDER BY place), '}')
      FROM unnest(string_to_array(substr(left(old_row, -1), 2), E',\n '),
                  string_to_array(substr(left(new_row, -1), 2), E',\n '))
           WITH ORDINALITY AS columns (before, after, place)
     WHERE before <> after AND split_part(before, '":', 1) <> ALL (ignored)
);
COMMENT ON FUNCTION order_differences IS
    'Returns the columns of a rendered row that differ from another rendered row, as a JSON object, '
    'without the columns in ignored. These are given as names with a leading double quote.';

CREATE OR REPLACE FUNCTION order_member(rendered text, name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    rest text := split_part(E'\n ' || ltrim(rendered, '{'), E'\n ' || to_json(name)::text || ':', 2);
BEGIN
    IF strpos(rest, E',\n ') > 0 THEN
        RETURN split_part(rest, E',\n ', 1);
    END IF;
    RETURN left(rest, -1);
END
$$;
COMMENT ON FUNCTION order_member IS
    'Returns the JSON text of one column in a rendered row. It does not use json ->, which refuses some '
    'valid json.';

CREATE OR REPLACE FUNCTION order_event_text(event order_events) RETURNS text
LANGUAGE sql STABLE
RETURN concat(    -- takes two thirds of the time of to_json(event)
    '{"position":', event.position,
    CASE WHEN event."table" = 'orders' THEN ',"table":"orders"'
         ELSE concat(',"table":', to_json(event."table")) END,
    ',"operation":"', event.operation,
    '","order_id":', coalesce(event.order_id::text, 'null'),
    CASE WHEN event."table" = 'orders' THEN ',"order":'
         ELSE concat(',"key":', coalesce(event.key::text, 'null'), ',"row":') END,
    coalesce(event."row"::text, 'null'),
    ',"changed":', coalesce(event.changed::text, 'null'),
    ',"actor":', coalesce(to_json(event.actor)::text, 'null'),
    ',"changed_at":', to_json(event.changed_at), '}'
);
COMMENT ON FUNCTION order_event_text IS
    'Renders an event as clients see it. Call it with timezone UTC.';

CREATE OR REPLACE FUNCTION order_event_json(event order_events) RETURNS text
LANGUAGE sql STABLE
RETURN order_compact(order_event_text(event));
COMMENT ON FUNCTION order_event_json IS
    'Renders an event from the log. Events of an earlier version contain line feeds, which are removed. '
    'Call it with timezone UTC.';

CREATE OR REPLACE FUNCTION order_batch_bytes() RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN 256 * 1024;
COMMENT ON FUNCTION order_batch_bytes IS
    'Returns the maximum size of the rows in a batch, in bytes; a larger event is a batch of its own. Many '
    'WebSocket clients by default refuse frames over 1 MiB.';


-- Batches ------------------------------------------------------------------------------

-- Taken entries are dead rows at the front of the outbox's index. VACUUM removes them, but not while a
-- session holds an older snapshot (pg_dump). A take must not scan all of them, so each session that takes
-- remembers from which id on entries can still appear.
DO $$
BEGIN
    IF to_regtype('order_taker') IS NULL THEN
        CREATE TYPE order_taker AS (
            base       bigint,
            low        bigint,
            held       xid8[],
            newest     bigint,
            newest_xid xid8,
            running    xid8[],
            since      timestamptz
        );
    END IF;
END
$$;
COMMENT ON TYPE order_taker IS
    'The watermarks of a session that takes, as outbox ids. base: no entry with this id or a lower one '
    'will appear. low: no entry with this id or a lower one will appear, except from the open '
    'transactions in held. newest: the next value of low. It applies as soon as all transactions below '
    'newest_xid have ended, except those that then go into held. running: the transactions below '
    'newest_xid that are still open. The setting orders.taker holds the watermarks.';

CREATE OR REPLACE FUNCTION order_taker_start(taker order_taker) RETURNS bigint
LANGUAGE sql STABLE
RETURN CASE WHEN EXISTS (SELECT FROM unnest(taker.held) AS xid
                          WHERE pg_visible_in_snapshot(xid, pg_current_snapshot()))
            THEN taker.base ELSE taker.low END;
COMMENT ON FUNCTION order_taker_start IS
    'Returns the outbox id after which a take looks for entries. The result depends on the snapshot of the '
    'calling statement, so call the function in the statement that reads the entries.';

CREATE OR REPLACE FUNCTION order_taker_next(
    taker order_taker, start bigint, lowest bigint, newest bigint, snapshot pg_snapshot
) RETURNS order_taker
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF start = taker.base AND taker.held <> '{}' THEN    -- a transaction in held has ended
        taker.low := taker.base;
        taker.held := '{}';
    END IF;
    taker.running := ARRAY(
        SELECT xid FROM pg_snapshot_xip(snapshot) AS xid
         WHERE CASE WHEN taker.running IS NULL THEN xid < taker.newest_xid
                    ELSE xid = ANY (taker.running) END);
    -- Transactions that have run for a second are taken for idle ones, and are remembered in held.
    IF taker.running <@ taker.held OR clock_timestamp() > taker.since + interval '1 second' THEN
        taker.low := greatest(start, least(taker.newest, lowest - 1));
        taker.held := taker.running;
        IF taker.held = '{}' THEN
            taker.base := taker.low;
        END IF;
        taker.newest := newest;
        taker.newest_xid := pg_current_xact_id();
        taker.running := NULL;
        taker.since := clock_timestamp();
    END IF;
    RETURN taker;
END
$$;
COMMENT ON FUNCTION order_taker_next IS
    'Returns the watermarks after a take. lowest: the id of the first entry of the take. newest: the newest '
    'outbox id that was assigned before the snapshot. A transaction that gets an outbox id has a '
    'transaction id by then.';

CREATE OR REPLACE FUNCTION order_batch(
    INOUT ids bigint[], transactions xid8[], sizes bigint[], max_events integer, OUT places integer[]
)
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    most integer := least(cardinality(ids), max_events);
    cut  integer;
BEGIN
    -- This branch serves the usual batch, in a tenth of the time of the query below: a small batch in
    -- which the entries of each transaction follow one another. It compares the number of runs of equal
    -- transaction ids with the number of transactions.
    IF (SELECT sum(size) FROM unnest(sizes[:most]) AS size) <= order_batch_bytes()
       AND (SELECT count(DISTINCT transaction) FROM unnest(transactions) AS transaction)
           = (SELECT count(*) FROM unnest(transactions, transactions[2:]) AS pair (one, next)
               WHERE one IS DISTINCT FROM next)
    THEN
        cut := most;
        IF transactions[1] <> transactions[cut] THEN
            WHILE transactions[cut] = transactions[cut + 1] LOOP    -- back to the end of a transaction
                cut := cut - 1;
            END LOOP;
        END IF;
        ids := ids[:cut];
        RETURN;
    END IF;
    WITH entries AS (
        SELECT id, size, max(id) OVER (PARTITION BY transaction) AS last_id
          FROM unnest(ids, transactions, sizes) AS entry (id, transaction, size)
    ), measured AS (
        SELECT id, size, row_number() OVER sequence AS place, sum(size) OVER sequence AS bytes,
               last_id IS DISTINCT FROM lead(last_id) OVER sequence AS is_last
          FROM entries WINDOW sequence AS (ORDER BY last_id, id)
    ), fitting AS (
        SELECT id, place, is_last
          FROM measured
         WHERE place <= most AND bytes <= greatest(order_batch_bytes(), size)
    )
    SELECT array_agg(id ORDER BY id), array_agg(place ORDER BY id)
      INTO ids, places
      FROM fitting
     WHERE place <= (SELECT coalesce(max(place) FILTER (WHERE is_last), max(place)) FROM fitting);
END
$$;
COMMENT ON FUNCTION order_batch IS
    'Selects the waiting entries that make the next batch. Returns their ids and the place of each in the '
    'batch; places is null if the order is that of the ids. A batch holds whole transactions, ordered by '
    'the highest id of each, because a transaction that has seen another has a higher id. A transaction '
    'is split only if it is larger than a batch.';

CREATE OR REPLACE FUNCTION take_order_events(
    max_events integer DEFAULT 1000,
    OUT first bigint, OUT last bigint, OUT events text, OUT stream uuid
) RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET timezone = 'UTC'
-- One plan is used for the whole session, because planning takes longer than a take. The plan is made
-- while the outbox is nearly empty, so all access paths except the primary key are switched off: with a
-- sequential scan a batch once took 40 s.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
    taker        order_taker := nullif(current_setting('orders.taker', true), '')::order_taker;
    newest       bigint;
    head         bigint;
    start        bigint;
    ids          bigint[];
    transactions xid8[];
    sizes        bigint[];
    places       integer[];
    lowest       bigint;
    snapshot     pg_snapshot;
BEGIN
    -- One take at a time (I8). The statements below get their snapshots while the lock is held, so they
    -- see everything that the previous holder committed.
    PERFORM pg_advisory_xact_lock(order_lock('take'));
    IF taker IS NULL THEN
        taker := (0, 0, '{}', 0, '0', '{}', clock_timestamp());
    END IF;
    -- For the watermarks, the newest outbox id must be read before this transaction has an id.
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        newest := coalesce(pg_sequence_last_value('order_outbox_id_seq'), 0);
    END IF;

    -- Most batches hold one event. This branch avoids sums, sorts and windows, and saves a fifth of the time.
    IF taker.held = '{}' THEN
        start := taker.low;
        SELECT ARRAY(SELECT id FROM order_outbox WHERE id > taker.low ORDER BY id LIMIT 2),
               pg_current_snapshot()
          INTO ids, snapshot;
        IF cardinality(ids) = 0 THEN
            RETURN;
        END IF;
    END IF;
    IF cardinality(ids) = 1 THEN
        lowest := ids[1];
        WITH taken AS (
            DELETE FROM order_outbox WHERE id = lowest RETURNING *
        )
        INSERT INTO order_events
                    (position, "table", operation, order_id, key, "row", changed, actor, changed_at)
        SELECT (SELECT coalesce(max(position), 0) + 1 FROM order_events), "table", operation, order_id,
               key, "row", changed, nullif(actor, ''), changed_at
          FROM taken
        RETURNING position, position, '[' || order_event_text(order_events) || ']',
                  (SELECT order_stream.id FROM order_stream), position - 1
          INTO first, last, events, stream, head;
    ELSE
        -- Read more entries than a batch holds, to find where its last transaction ends.
        SELECT array_agg(waiting.id), array_agg(waiting.transaction), array_agg(waiting.size),
               CASE WHEN taker.held = '{}' THEN taker.low ELSE order_taker_start(taker) END,
               pg_current_snapshot(), (SELECT coalesce(max(position), 0) FROM order_events)
          INTO ids, transactions, sizes, start, snapshot, head
          FROM (SELECT id, transaction,
                       coalesce(octet_length("row"::text), 0)
                       + coalesce(octet_length(changed::text), 0) AS size
                  FROM order_outbox
                 WHERE id > CASE WHEN taker.held = '{}' THEN taker.low ELSE order_taker_start(taker) END
                 ORDER BY id LIMIT max_events + 250) AS waiting;
        IF ids IS NULL THEN
            RETURN;
        END IF;
        lowest := ids[1];
        IF cardinality(ids) > 1 THEN
            SELECT batch.ids, batch.places INTO ids, places
              FROM order_batch(ids, transactions, sizes, max_events) AS batch;
        END IF;

        WITH taken AS (
            DELETE FROM order_outbox WHERE id = ANY (ids) RETURNING *
        ), logged AS (
            INSERT INTO order_events
                        (position, "table", operation, order_id, key, "row", changed, actor, changed_at)
            SELECT head + coalesce(places[number], number), "table", operation, order_id, key, "row",
                   changed, nullif(actor, ''), changed_at
              FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM taken) AS numbered
            RETURNING position, order_event_text(order_events) AS event
        )
        SELECT min(position), max(position), '[' || string_agg(event, ',' ORDER BY position) || ']',
               (SELECT order_stream.id FROM order_stream)
          INTO first, last, events, stream
          FROM logged;
    END IF;
    IF last - head IS DISTINCT FROM cardinality(ids) THEN
        RAISE EXCEPTION 'entries of order_outbox were deleted while they were taken'
            USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NEXT;

    -- Not after each take, because this costs a fifth of the time of a batch of one event.
    IF newest > taker.low + 50 THEN
        taker := order_taker_next(taker, start, lowest, newest, snapshot);
        PERFORM set_config('orders.taker', taker::text, false);
    END IF;
END
$$;
COMMENT ON FUNCTION take_order_events IS
    'Moves up to max_events changes from the outbox to the log and returns them as one rendered batch: '
    'first and last position, JSON array, stream. Returns no row if the outbox is empty.';

CREATE OR REPLACE FUNCTION read_order_events(
    after bigint, max_events integer DEFAULT 1000,
    OUT first bigint, OUT last bigint, OUT events text, OUT stream uuid
) RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = public, pg_temp
SET timezone = 'UTC'
BEGIN ATOMIC
    WITH next AS (    -- limits by the stored size, which is known without decompressing values
        SELECT event, stored, sum(stored) OVER (ORDER BY position) AS stored_so_far
          FROM (SELECT event, position, pg_column_size(event.*) AS stored
                  FROM order_events AS event
                 WHERE position > after ORDER BY position LIMIT max_events) AS logged
    ), rendered AS (
        SELECT (event).position, order_event_json(event) AS json
          FROM next WHERE stored_so_far <= greatest(order_batch_bytes(), stored)
    ), measured AS (
        SELECT position, json, octet_length(json) AS bytes,
               sum(octet_length(json)) OVER (ORDER BY position) AS bytes_so_far
          FROM rendered
    )
    SELECT min(position), max(position), '[' || string_agg(json, ',' ORDER BY position) || ']',
           order_stream.id
      FROM measured CROSS JOIN order_stream
     WHERE bytes_so_far <= greatest(order_batch_bytes(), bytes)
     GROUP BY order_stream.id;
END;
COMMENT ON FUNCTION read_order_events IS
    'Returns a batch from the log: up to max_events events after a position, in the format of '
    'take_order_events(). Returns no row if there are no such events.';

CREATE OR REPLACE FUNCTION prune_order_events(keep bigint) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    pruned bigint;
BEGIN
    -- The newest event always stays, because the next position follows its position.
    DELETE FROM public.order_events
     WHERE position <= (SELECT max(position) FROM public.order_events) - greatest(keep, 1);
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;
COMMENT ON FUNCTION prune_order_events(bigint) IS
    'Deletes all but the newest keep events; returns the number of deleted events.';

CREATE OR REPLACE FUNCTION prune_order_events(keep interval) RETURNS bigint
LANGUAGE sql
RETURN prune_order_events((
    SELECT count(*) FROM order_events
     WHERE position >= (SELECT min(position) FROM order_events WHERE changed_at >= now() - keep)
));
COMMENT ON FUNCTION prune_order_events(interval) IS
    'Deletes events older than keep; returns the number of deleted events.';


CREATE OR REPLACE FUNCTION order_events_forget(
    stream uuid, published bigint, keep_events bigint, keep interval, first bigint, max_events integer,
    OUT removed bigint, OUT kept bigint
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    lowest bigint;
    last bigint;
BEGIN
    removed := 0;
    kept := first;
    -- After a loss of transactions, positions are not valid until order_stream_settle() has run.
    IF NOT EXISTS (SELECT FROM order_stream WHERE id = stream AND origin = order_origin()) THEN
        RETURN;
    END IF;
    -- Events that were removed before are dead rows until a vacuum; a start at position first skips them.
    SELECT position INTO lowest FROM order_events WHERE position >= first ORDER BY position LIMIT 1;
    IF lowest IS NULL THEN
        RETURN;
    END IF;
    -- The newest event always stays, because the next position follows its position.
    last := least(lowest + max_events - 1, published,
                  (SELECT max(position) FROM order_events) - greatest(keep_events, 1));
    IF keep IS NOT NULL THEN
        last := least(last, (SELECT position - 1 FROM order_events
                              WHERE position BETWEEN lowest AND last AND changed_at >= now() - keep
                              ORDER BY position LIMIT 1));
    END IF;
    DELETE FROM order_events WHERE position BETWEEN lowest AND last;
    GET DIAGNOSTICS removed = ROW_COUNT;
    kept := greatest(lowest, last + 1);
END
$$;
COMMENT ON FUNCTION order_events_forget IS
    'Deletes the oldest events, in one step of pruning: from position first on, at most max_events, none '
    'after position published, none of the newest keep_events, and only events older than keep (null: of '
    'any age). Returns the number of deleted events, and the position to go on from.';


-- Loss of transactions: another history under the same address --------------------------------------

-- Each promotion of a standby and each point-in-time recovery begins a new timeline. A dump that is
-- restored into another cluster gets another system identifier; in the same cluster the table gets
-- another file. A restart or a crash changes none of the three. The timeline is read from the WAL's file
-- name, because pg_control_checkpoint() has only that of the last checkpoint.
CREATE OR REPLACE FUNCTION order_origin() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER    -- so that every role gets the same answer
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    cluster text := 'unknown/0';
BEGIN
    BEGIN
        cluster := format('%s/%s', (SELECT system_identifier FROM pg_control_system()),
                          ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer);
    EXCEPTION WHEN insufficient_privilege THEN NULL;    -- a hosting provider may forbid these functions
    END;
    RETURN format('%s/%s', cluster, pg_relation_filenode('public.order_stream'));
END
$$;
COMMENT ON FUNCTION order_origin IS
    'Returns the origin of this database: system identifier, timeline and file. While the origin stays the '
    'same, no committed transaction was lost. On a standby it raises an error.';

CREATE OR REPLACE FUNCTION order_stream_settle(stream uuid, seen text, renew boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
    -- No batch may be taken meanwhile, because each batch belongs to one stream.
    PERFORM pg_advisory_xact_lock(order_lock('take'));
    PERFORM order_listener_renew_sign();
    UPDATE order_stream
       SET origin = order_origin(),
           id = CASE WHEN renew THEN gen_random_uuid() ELSE id END,
           created_at = CASE WHEN renew THEN now() ELSE created_at END
     WHERE id = stream AND origin = seen;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION order_stream_settle IS
    'Records the present origin as that of the stream. renew, after a loss: also gives the stream a new '
    'id. seen: the recorded origin on which the caller based its decision. Returns false and changes '
    'nothing if another listener has decided meanwhile.';

-- The id is never without an origin: a standby that is promoted before the first listener has led
-- would otherwise not show that it lacks transactions.
INSERT INTO order_stream (origin) VALUES (order_origin()) ON CONFLICT DO NOTHING;

-- in a database of an earlier version
UPDATE order_stream SET origin = order_origin() WHERE origin IS NULL;
ALTER TABLE order_stream ALTER COLUMN origin SET NOT NULL;


-- The listener: leading, sleeping, waking ---------------------------------------------------------

CREATE OR REPLACE FUNCTION order_listener_lead() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN pg_try_advisory_lock(order_lock('leader'));
COMMENT ON FUNCTION order_listener_lead IS
    'Makes this session the leading listener; returns false if another session leads. A single leader '
    'saves work; correctness does not depend on it.';

CREATE OR REPLACE FUNCTION order_listener_sleep() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN current_setting('max_prepared_transactions') = '0'
   AND pg_try_advisory_lock(order_lock('asleep'));
COMMENT ON FUNCTION order_listener_sleep IS
    'Marks the listener as asleep: from now on writers notify it. Returns false and changes nothing if a '
    'writer tests the lock at this moment, or if prepared transactions are enabled, because a transaction '
    'that has executed NOTIFY cannot be prepared.';

CREATE OR REPLACE FUNCTION order_listener_wake() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN pg_advisory_unlock(order_lock('asleep'));
COMMENT ON FUNCTION order_listener_wake IS 'Marks the listener as awake: from now on writers do not notify it.';

-- If a listener hangs while it is asleep, every writer would notify it, which is costly. So a sleeping
-- listener records every second that it is well, and writers do not notify a listener that has not done
-- so for three seconds. The time is kept in a sequence, because its value is visible at once, outside
-- transactions. The sequence is unlogged, because its value is not needed after a crash, and so that an
-- idle system writes no WAL.
CREATE UNLOGGED SEQUENCE IF NOT EXISTS order_listener_well_until AS bigint;
COMMENT ON SEQUENCE order_listener_well_until IS
    'The time, in seconds since 1970, until which writers assume that a sleeping listener receives '
    'notifications.';

-- These functions are in plpgsql because then they do not depend on the sequence, which
-- order_listener_renew_sign() may drop.
CREATE OR REPLACE FUNCTION order_writers_settled() RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    PERFORM setval('order_listener_well_until', extract(epoch FROM clock_timestamp())::bigint + 3);
    RETURN pg_try_advisory_xact_lock(order_lock('silent'));
END
$$;
COMMENT ON FUNCTION order_writers_settled IS
    'Records that the listener is well, then returns whether every transaction that changed watched tables '
    'without notifying has ended, including those that did not notify because the listener was not well. '
    'Call it in a transaction of its own, because it holds a lock until the transaction ends.';

CREATE OR REPLACE FUNCTION order_listener_hears() RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RETURN coalesce(pg_catalog.pg_sequence_last_value('public.order_listener_well_until'::pg_catalog.regclass)
                        ::pg_catalog.numeric
                    OPERATOR(pg_catalog.>=) extract(epoch FROM pg_catalog.clock_timestamp()), false);
END
$$;
COMMENT ON FUNCTION order_listener_hears IS
    'Returns whether the sleeping listener has recorded in the last seconds that it is well.';

-- On a standby the unlogged sequence is an empty file until the next restartpoint. If the standby is
-- promoted before that, the sequence cannot be read (seen with PostgreSQL 15).
CREATE OR REPLACE FUNCTION order_listener_renew_sign() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    rights text[] := ARRAY(
        SELECT format('GRANT %s ON SEQUENCE order_listener_well_until TO %s', privilege_type, grantee::regrole)
          FROM pg_class, aclexplode(relacl)
         WHERE oid = 'order_listener_well_until'::regclass AND grantee NOT IN (0, relowner));
    granted text;
BEGIN
    PERFORM pg_sequence_last_value('order_listener_well_until'::regclass);
EXCEPTION WHEN internal_error OR data_corrupted THEN
    DROP SEQUENCE order_listener_well_until;
    CREATE UNLOGGED SEQUENCE order_listener_well_until AS bigint;
    FOREACH granted IN ARRAY rights LOOP
        EXECUTE granted;
    END LOOP;
END
$$;
COMMENT ON FUNCTION order_listener_renew_sign IS
    'Creates the sequence order_listener_well_until again, with its grants, if it cannot be read.';

CREATE OR REPLACE FUNCTION order_listener_depose() RETURNS bigint
LANGUAGE sql VOLATILE
RETURN (
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))
      FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND (classid::bigint << 32 | objid::bigint) = order_lock('leader')
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
);
COMMENT ON FUNCTION order_listener_depose IS
    'Ends the session of the leading listener; returns how many were ended. A standby calls it when the '
    'leader hangs.';


-- Recording changes ---------------------------------------------------------------------------

-- PostgreSQL commits transactions that notify one after the other, each with its own fsync. So a writer
-- notifies only while the listener is asleep. No change is missed: a writer takes the lock "silent" and
-- *then* tests whether the lock "asleep" is held; the listener takes "asleep" and *then* tests "silent".
-- So the listener gets "silent" only after every writer that did not notify has ended, and it then looks
-- into the outbox once more. The same holds for a writer that did not notify because the listener was not
-- well: the listener tests "silent" after it has recorded that it is well. No one may wait for these
-- locks, because PostgreSQL would queue writers behind the listener (I5).
CREATE OR REPLACE FUNCTION order_listener_deaf() RETURNS boolean
LANGUAGE plpgsql VOLATILE    -- not SQL, which the planner would inline: each inlined call costs every writer time
AS $$
BEGIN
    RETURN NOT public.order_listener_hears()
        OR pg_catalog.pg_notification_queue_usage() OPERATOR(pg_catalog.>) 0.5;    -- if it is full, NOTIFY fails
END
$$;
COMMENT ON FUNCTION order_listener_deaf IS
    'Returns whether the sleeping listener receives no notifications, or the queue of notifications fills up.';

CREATE OR REPLACE FUNCTION order_writer_silent() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN pg_try_advisory_xact_lock_shared(order_lock('silent'))
   AND ((pg_try_advisory_lock_shared(order_lock('asleep'))
         AND pg_advisory_unlock_shared(order_lock('asleep')))
        OR order_listener_deaf());
COMMENT ON FUNCTION order_writer_silent IS
    'Returns whether this transaction need not notify the listener. Otherwise it must NOTIFY '
    'orders_changes. A notification is only a hint, so too many of them do no harm.';

CREATE OR REPLACE FUNCTION order_actor() RETURNS text
LANGUAGE sql STABLE
RETURN left(current_setting('orders.actor', true), 200);    -- take_order_events() turns an empty text into null
COMMENT ON FUNCTION order_actor IS
    'Returns the actor of changes: the setting orders.actor of the transaction or session, cut to 200 '
    'characters.';

CREATE OR REPLACE FUNCTION order_stamp(shape order_shape, before anyelement, after anyelement, step integer)
RETURNS anyelement
LANGUAGE plpgsql
AS $$
DECLARE
    earlier record := before;
    stamped record := after;
BEGIN
    -- One statement for each type, because a cached plan keeps the type it was made for.
    IF shape.version = 'integer' THEN
        stamped.version := coalesce(earlier.version, 0) + step;
    ELSIF shape.version = 'bigint' THEN
        stamped.version := coalesce(earlier.version, 0) + step;
    END IF;
    IF shape.updated_at THEN
        IF step = 0 THEN
            stamped.updated_at := earlier.updated_at;
        ELSE
            stamped.updated_at := clock_timestamp();
        END IF;
    END IF;
    RETURN stamped;
END
$$;
COMMENT ON FUNCTION order_stamp IS
    'Returns a changed row with version and updated_at set, if the table has them. step 0: to the values '
    'of the old row; step 1: to the next version and the present time.';

CREATE OR REPLACE FUNCTION order_date(shape order_shape, before anyelement, after anyelement)
RETURNS anyelement
LANGUAGE plpgsql
AS $$
DECLARE
    differs boolean;
    column_ CONSTANT text := public.order_date_column(shape.dated);
    date    timestamptz;
BEGIN
    EXECUTE format('SELECT NOT pg_catalog.record_image_eq(ROW(($1).%1$I), ROW(($2).%1$I)),'
                   ' coalesce(($1).%2$I, ($2).%2$I)', shape.dated, column_)
        USING before, after INTO differs, date;
    RETURN jsonb_populate_record(after, jsonb_build_object(
        column_, CASE WHEN differs THEN clock_timestamp() ELSE date END));
END
$$;
COMMENT ON FUNCTION order_date IS
    'Returns a changed row with the time of the last change of its dated column. If that column changed, '
    'this is the present time. Otherwise the old time stays, whatever the writer gives; only if the old '
    'time is null may the writer set one.';

CREATE OR REPLACE FUNCTION order_changed_json(shape order_shape, old_row text, new_row text) RETURNS json
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN public.order_bounded(
        shape.name, shape.nested,
        public.order_differences(old_row, new_row, array_remove(ARRAY[
            CASE WHEN shape.version IS NOT NULL THEN '"version' END,
            CASE WHEN shape.updated_at THEN '"updated_at' END], NULL)),
        'Delete the row and insert a smaller one.');
END
$$;
COMMENT ON FUNCTION order_changed_json IS
    'Returns "changed" of an UPDATE, from the rendered old and new rows.';

CREATE OR REPLACE FUNCTION order_record(shape order_shape, operation text, old_row text, new_row text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    rendered CONSTANT text := coalesce(new_row, old_row);
    after    CONSTANT json := public.order_bounded(shape.name, shape.nested, public.order_compact(new_row));
    changed  json;
    key      text;
    name     text;
    ignored  text;    -- an assignment takes a tenth of the time of PERFORM
BEGIN
    IF shape.key = '{}' THEN    -- the primary key was dropped, so no event could identify the row
        RETURN;
    END IF;
    FOREACH name IN ARRAY shape.key LOOP
        key := concat(key || ',', to_json(name), ':', public.order_member(rendered, name));
    END LOOP;
    key := concat('{', key, '}');
    IF operation = 'UPDATE' THEN
        changed := public.order_changed_json(shape, old_row, new_row);
    ELSIF operation = 'DELETE' AND public.order_travels(old_row, shape.nested) THEN
        changed := public.order_compact(old_row);
    ELSIF operation = 'DELETE' THEN
        -- A row from before the table was watched may be too large. Then the event has its key and its
        -- short values, so that clients with a filter or a restriction get it, too.
        changed := (
            SELECT concat('{', string_agg(member, ',' ORDER BY place), '}')
              FROM unnest(string_to_array(substr(left(old_row, -1), 2), E',\n '))
                   WITH ORDINALITY AS members (member, place)
             WHERE octet_length(member) < 200
                OR EXISTS (SELECT FROM unnest(shape.key) AS part WHERE starts_with(member, to_json(part) || ':')));
    END IF;
    INSERT INTO public.order_outbox ("table", operation, order_id, key, "row", changed, actor)
    VALUES (shape.name, operation, public.order_id_of(public.order_member(rendered, shape.order_id)),
            CASE WHEN NOT shape.is_orders THEN key::json END, after, changed, public.order_actor());
    ignored := public.order_ring(shape.name);
END
$$;
COMMENT ON FUNCTION order_record IS
    'Writes a change of a row to the outbox. Raises an error if the row is too large to be sent. Does '
    'nothing for a table without a primary key.';

CREATE OR REPLACE FUNCTION order_ring(table_name text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF NOT public.order_writer_silent() THEN
        PERFORM pg_notify('orders_changes', concat('{"table":', to_json(table_name), '}'));
    END IF;
END
$$;
COMMENT ON FUNCTION order_ring IS
    'Notifies the listener if order_writer_silent() requires it. search_path has to be pg_catalog.';

CREATE OR REPLACE FUNCTION order_record_truncate(relation regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shape CONSTANT public.order_shape := public.order_watched_shape(relation);
BEGIN
    IF shape.key <> '{}' THEN
        INSERT INTO public.order_outbox ("table", operation, actor)
        VALUES (shape.name, 'TRUNCATE', public.order_actor());
        PERFORM public.order_ring(shape.name);
    END IF;
END
$$;
COMMENT ON FUNCTION order_record_truncate IS 'Records a TRUNCATE of a watched table.';

CREATE OR REPLACE FUNCTION order_record_insert(shape order_shape, after anyelement) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ignored text;
BEGIN
    ignored := public.order_record(shape, 'INSERT', NULL, public.order_render(shape, after));
END
$$;
COMMENT ON FUNCTION order_record_insert IS 'Records an INSERT into any watched table.';

CREATE OR REPLACE FUNCTION order_record_delete(shape order_shape, before anyelement) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ignored text;
BEGIN
    ignored := public.order_record(shape, 'DELETE', public.order_render(shape, before), NULL);
END
$$;
COMMENT ON FUNCTION order_record_delete IS 'Records a DELETE from any watched table.';

CREATE OR REPLACE FUNCTION order_record_update(
    shape order_shape, before anyelement, after anyelement,
    partition regclass DEFAULT NULL, primary_key text[] DEFAULT NULL
) RETURNS anyelement
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old_row text;
    new_row text;
    name    text;
    ignored text;
BEGIN
    IF shape.dated IS NOT NULL THEN
        after := public.order_date(shape, before, after);
    END IF;
    after := public.order_stamp(shape, before, after, 0);
    old_row := public.order_render(shape, before);
    IF shape.generated THEN    -- generated columns are null in NEW, so the records always differ
        IF public.order_render(shape, after) = old_row THEN
            RETURN after;
        END IF;
    ELSIF after *= before THEN
        RETURN after;
    END IF;
    after := public.order_stamp(shape, before, after, 1);
    new_row := public.order_render(shape, after);
    IF partition IS NOT NULL AND public.order_key_text(primary_key, old_row) <> public.order_key_text(
           primary_key, new_row)
       AND public.order_partition_moves(shape, partition, after, new_row)
    THEN
        RETURN after;
    END IF;
    FOREACH name IN ARRAY shape.key LOOP
        CONTINUE WHEN public.order_member(old_row, name) = public.order_member(new_row, name);
        IF shape.is_orders AND NOT (SELECT attached FROM public.order_settings) THEN
            PERFORM public.order_refuse_key(shape.name, name, public.order_member(old_row, name),
                                            public.order_member(new_row, name));
        END IF;
        PERFORM public.order_record(shape, 'DELETE', old_row, NULL),
                public.order_record(shape, 'INSERT', NULL, new_row);
        RETURN after;
    END LOOP;
    ignored := public.order_record(shape, 'UPDATE', old_row, new_row);
    RETURN after;
END
$$;
COMMENT ON FUNCTION order_record_update IS
    'Records an UPDATE of any watched table; returns the new row with version and updated_at set. An '
    'UPDATE that changes nothing changes neither of them and makes no event. A change of the primary key '
    'is recorded as DELETE and INSERT. partition, primary_key: if the table is partitioned, the partition '
    'of the row and the whole primary key.';

CREATE OR REPLACE FUNCTION order_refuse_key(table_name text, name text, before text, after text)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '%.% cannot change (% to %): delete the order and insert a new one',
        table_name, name, before, after
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
COMMENT ON FUNCTION order_refuse_key IS 'Raises the error for a change of an order''s primary key.';


-- Trigger functions, generated for each table -----------------------------------------------------
--
-- They run with the privileges of their owner, so that a role that may write the table needs no privilege
-- on the outbox. A function's SET search_path costs three microseconds, so names and operators are given
-- with their schema. SET timezone costs about as much, but statements in its place cost more.
--
-- UPDATE and DELETE are recorded BEFORE the row changes, by the trigger that fires last. INSERT is
-- recorded AFTER, by the trigger that fires first, because ON CONFLICT may turn it into an UPDATE or
-- into nothing. docs/adr/0018 has the reasons.
--
-- The generated code contains the table's columns as SQL. It is used while the table is as it was when
-- the code was generated (order_shape_is). Otherwise, and if the table has columns that are rendered in
-- another way, the change is recorded by order_record_insert/update/delete, which read the shape. Both
-- ways must give the same events; tests compare them. order_refresh_recorders() generates the code
-- again after DDL.

CREATE OR REPLACE FUNCTION order_equality_is_exact(type oid, collation_ oid) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT (typtype = 'e' OR oid = ANY (ARRAY[
               'int2', 'int4', 'int8', 'bool', 'oid', 'uuid', 'bytea', 'date', 'time', 'timestamp',
               'timestamptz', 'text', 'varchar']::regtype[]))
           AND coalesce((SELECT collisdeterministic FROM pg_collation WHERE oid = collation_), true)
      FROM pg_type WHERE oid = public.order_base_type(type);
END;
COMMENT ON FUNCTION order_equality_is_exact IS
    'Returns whether equal values of a type are the same in every byte. This is false for numeric: 1.50 '
    'equals 1.5000.';

CREATE OR REPLACE FUNCTION order_same_source("column" pg_attribute) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT CASE
        WHEN NOT public.order_equality_is_exact(own.oid, "column".attcollation)
        THEN format('pg_catalog.record_image_eq(ROW(OLD.%1$I), ROW(NEW.%1$I))', "column".attname)
        ELSE format(CASE WHEN "column".attnotnull THEN 'OLD.%1$I%2$s OPERATOR(pg_catalog.=) NEW.%1$I%2$s'
                         ELSE '(OLD.%1$I%2$s OPERATOR(pg_catalog.=) NEW.%1$I%2$s'
                              ' OR (OLD.%1$I IS NULL AND NEW.%1$I IS NULL))' END,
                    "column".attname,
                    -- Cast a type without an operator of its own; otherwise each session would search all
                    -- operators of this name. Types outside pg_catalog can be renamed and are not cast to.
                    CASE WHEN base.oid = 'varchar'::regtype THEN '::pg_catalog.text'
                         WHEN base.oid <> own.oid AND base.typnamespace = 'pg_catalog'::regnamespace
                         THEN format('::pg_catalog.%I', base.typname) END)
        END
      FROM pg_type AS own
      JOIN pg_type AS base ON base.oid = public.order_base_type(own.oid)
     WHERE own.oid = "column".atttypid
);
COMMENT ON FUNCTION order_same_source IS
    'Returns SQL that tests whether a column of OLD and NEW is the same in every byte. The test is null if a '
    'column that is NOT NULL has a null.';

CREATE OR REPLACE FUNCTION order_changed_source(relation regclass, shape order_shape) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- One statement for each column, so that rendering is set up only for values that differ.
    SELECT string_agg(format($template$
            IF %1$s THEN
                NULL;
            ELSE
                changed := pg_catalog.concat(changed, CASE WHEN changed IS NULL THEN %2$L ELSE %3$L END,
                                             coalesce(pg_catalog.to_json(OLD.%4$I), 'null'));
            END IF;$template$,
               public.order_same_source("column"),
               concat('{', to_json(attname), ':'), concat(',', to_json(attname), ':'), attname),
               '' ORDER BY attnum)
      FROM pg_attribute AS "column"
     WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
       AND attname <> ALL (public.order_primary_key(relation))
       AND NOT (attname = 'version' AND shape.version IS NOT NULL)
       AND NOT (attname = 'updated_at' AND shape.updated_at);
END;
COMMENT ON FUNCTION order_changed_source IS
    'Returns statements that put the old values of the columns in which OLD and NEW differ into the '
    'variable "changed", as a JSON object without the closing brace.';

CREATE OR REPLACE FUNCTION order_date_source(relation regclass, shape order_shape) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format($template$
            IF %1$s THEN
                NEW.%2$I := coalesce(OLD.%2$I, NEW.%2$I);
            ELSE
                NEW.%2$I := pg_catalog.clock_timestamp();
            END IF;$template$,
               public.order_same_source("column"), public.order_date_column(shape.dated))
      FROM pg_attribute AS "column"
     WHERE attrelid = relation AND attname = shape.dated AND NOT attisdropped;
END;
COMMENT ON FUNCTION order_date_source IS
    'Returns statements that do the same as order_date(); null if the table has no dated column.';

CREATE OR REPLACE FUNCTION order_filled(template text, parts jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (    -- in one pass, because a column may be called @key@
    SELECT string_agg(CASE WHEN place % 2 = 1 THEN piece ELSE parts ->> piece END, '' ORDER BY place)
      FROM string_to_table(template, '@') WITH ORDINALITY AS pieces (piece, place)
);
COMMENT ON FUNCTION order_filled IS 'Returns the template with each @name@ replaced by the part of this name.';

CREATE OR REPLACE FUNCTION order_fast_source(
    kind text, relation regclass, shape order_shape, fingerprint text, condition text DEFAULT NULL
)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
AS $function$
DECLARE
    side     CONSTANT text := CASE kind WHEN 'delete' THEN 'OLD' ELSE 'NEW' END;
    id_type  CONSTANT regtype := (SELECT atttypid FROM pg_attribute
                                   WHERE attrelid = relation AND attname = shape.order_id);
    order_id CONSTANT text := CASE
        WHEN id_type IN ('int2', 'int4', 'int8') THEN format('%s.%I', side, shape.order_id)
        WHEN id_type = 'numeric'::regtype
        THEN format('public.order_id_of(pg_catalog.to_json(%s.%I)::pg_catalog.text)', side, shape.order_id)
        ELSE 'NULL' END;
    key      CONSTANT text := (
        SELECT format('pg_catalog.concat(%s, ''}'')::pg_catalog.json', string_agg(format(
                   '%L, pg_catalog.to_json(%s.%I)',
                   concat(CASE place WHEN 1 THEN '{' ELSE ',' END, to_json(name), ':'), side, name),
                   ', ' ORDER BY place))
          FROM unnest(shape.key) WITH ORDINALITY AS listed (name, place));
    same_key CONSTANT text := (
        SELECT string_agg(order_same_source("column"), ' AND ')
          FROM pg_attribute AS "column" WHERE attrelid = relation AND attname = ANY (order_primary_key(relation)));
    stamp    CONSTANT text := concat(
        CASE WHEN shape.version IS NOT NULL
             THEN 'NEW.version := coalesce(OLD.version, 0) OPERATOR(pg_catalog.+) 1; ' END,
        CASE WHEN shape.updated_at THEN 'NEW.updated_at := pg_catalog.clock_timestamp();' END);
    unstamp  CONSTANT text := concat(
        CASE WHEN shape.version IS NOT NULL THEN 'NEW.version := OLD.version; ' END,
        CASE WHEN shape.updated_at THEN 'NEW.updated_at := OLD.updated_at;' END);
    source   text := CASE kind

WHEN 'stamp' THEN $$
        IF @mine@ THEN
            @stamp@
            RETURN NEW;
        END IF;$$
WHEN 'insert' THEN $$
        IF @mine@
           AND pg_catalog.pg_column_size(NEW) OPERATOR(pg_catalog.<=) @small@
        THEN
            INSERT INTO public.order_outbox ("table", operation, order_id, key, "row", actor)
            VALUES (@name@, 'INSERT', @order_id@, @key@, @row@, public.order_actor());
            @ring@
            RETURN NULL;
        END IF;$$
WHEN 'update' THEN $$
        IF @mine@ AND @same key@
           AND pg_catalog.pg_column_size(NEW) OPERATOR(pg_catalog.<=) @small@
           AND pg_catalog.pg_column_size(OLD) OPERATOR(pg_catalog.<=) @small@
        THEN@date@@changed@
            IF changed IS NULL THEN
                @unstamp@
                RETURN NEW;
            END IF;
            @stamp@
            -- Assigned first, because plpgsql sets up the expression of an assignment once for each
            -- transaction, but those of an INSERT for each row.
            rendered := @row@;
            changes := pg_catalog.concat(changed, '}');
            who := public.order_actor();
            INSERT INTO public.order_outbox
                   ("table", operation, order_id, key, "row", changed, actor, changed_at)
            VALUES (@name@, 'UPDATE', @order_id@, @key@, rendered, changes, who, @now@);
            @ring@
            RETURN NEW;
        END IF;$$
WHEN 'delete' THEN $$
        IF @mine@
           AND pg_catalog.pg_column_size(OLD) OPERATOR(pg_catalog.<=) @small@
        THEN
            INSERT INTO public.order_outbox ("table", operation, order_id, key, changed, actor)
            VALUES (@name@, 'DELETE', @order_id@, @key@, @row@, public.order_actor());
            @ring@
            RETURN OLD;
        END IF;$$
END;
BEGIN
    -- The first condition refers neither to the row nor to TG_RELID, so that it is planned only once.
    source := concat($$
    IF public.order_shape_is(@relation@, @fingerprint@)@settings@ THEN$$, source, $$
    END IF;$$);
    source := replace(source, '@ring@', $$IF NOT public.order_writer_silent() THEN
                PERFORM pg_catalog.pg_notify('orders_changes', @payload@);
            END IF;$$);
    RETURN order_filled(source, jsonb_build_object(
        'relation', quote_literal(relation::oid) || '::pg_catalog.regclass',
        'fingerprint', quote_literal(fingerprint),
        'settings', CASE WHEN shape.by_setting THEN ' AND public.order_settings_neutral()' ELSE '' END,
        'payload', quote_literal(concat('{"table":', to_json(shape.name), '}')),
        'name', quote_literal(shape.name),
        'order_id', order_id,
        'key', CASE WHEN shape.is_orders THEN 'NULL' ELSE key END,
        'mine', coalesce(condition, format('TG_RELID OPERATOR(pg_catalog.=) %L::pg_catalog.oid', relation::oid)),
        -- A partition may have its columns in another order than its table.
        'row', CASE WHEN condition IS NULL THEN format('pg_catalog.row_to_json(%s)', side) ELSE (
            SELECT format('(SELECT pg_catalog.row_to_json(r) FROM (SELECT %s) AS r)',
                          string_agg(format('%s.%I', side, attname), ', ' ORDER BY attnum))
              FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped) END,
        'same key', same_key,
        'changed', coalesce(order_changed_source(relation, shape), ''),
        'date', coalesce(order_date_source(relation, shape), ''),
        -- Rows up to this size (bytes) are certainly nested less than 100 deep, because each level of a
        -- jsonb value takes at least eight bytes.
        'small', CASE WHEN shape.nested THEN 800 ELSE 2000 END,
        'stamp', CASE WHEN kind = 'update' THEN stamp
                      WHEN shape.version IS NOT NULL THEN 'NEW.version := 1;' ELSE '' END,
        'unstamp', unstamp,
        'now', CASE WHEN shape.updated_at THEN 'NEW.updated_at' ELSE 'pg_catalog.clock_timestamp()' END));
END
$function$;
COMMENT ON FUNCTION order_fast_source IS
    'Returns the part of a trigger function that records small rows of the table as it is now. It calls '
    'few functions in INSERT, because each is set up again for each row, which costs as much as a column. '
    'condition: in triggers of partitions, the condition on the trigger''s table under which this part runs.';

CREATE OR REPLACE FUNCTION order_trigger_source(kind text, relation regclass) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = public, pg_temp
AS $function$
DECLARE
    -- Read before the shape: if a column is added in between, the fingerprint does not match, and the code
    -- is not used.
    fingerprint CONSTANT text := order_fingerprint(relation);
    shape       CONSTANT order_shape := order_read_shape(relation);
    source      text := CASE kind

WHEN 'truncate' THEN $$
DECLARE
    done text;
BEGIN
    done := public.order_record_truncate(TG_RELID);
    RETURN NULL;
END
$$
ELSE $$
DECLARE@variables@
    shape public.order_shape;
    done  text;
BEGIN@fast@
    IF TG_RELID OPERATOR(pg_catalog.=) @relation@ THEN
        shape := public.order_shape(@relation@);
    ELSE
        shape := public.order_watched_shape(TG_RELID);
    END IF;
    @general@
END
$$ END;
    general     CONSTANT text := CASE kind

WHEN 'stamp' THEN $$-- One statement for each type, because a cached plan keeps the type it was made for.
    IF shape.version OPERATOR(pg_catalog.=) 'integer' THEN
        NEW.version := 1;
    ELSIF shape.version IS NOT NULL THEN
        NEW.version := 1;
    END IF;
    RETURN NEW;$$
WHEN 'insert' THEN $$done := public.order_record_insert(shape, NEW);
    RETURN NULL;$$
WHEN 'update' THEN $$NEW := public.order_record_update(shape, OLD, NEW);
    RETURN NEW;$$
WHEN 'delete' THEN $$done := public.order_record_delete(shape, OLD);
    RETURN OLD;$$
ELSE '' END;
BEGIN
    RETURN order_filled(source, jsonb_build_object(
        -- Declare only what is used, because plpgsql copies each variable for each row.
        'variables', CASE kind WHEN 'update' THEN $$
    changed  text;
    changes  json;
    rendered json;
    who      text;$$ ELSE '' END,
        'fast', CASE WHEN shape.rendering IS NULL AND kind <> 'truncate' AND shape.key <> '{}'
                     THEN order_fast_source(kind, relation, shape, fingerprint) ELSE '' END,
        'general', general,
        'relation', quote_literal(relation::oid) || '::pg_catalog.regclass'));
END
$function$;
COMMENT ON FUNCTION order_trigger_source IS 'Returns the source of a trigger function for one table.';

CREATE OR REPLACE FUNCTION order_events_refuse() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'order_events is append-only: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'prune_order_events(keep) forgets old events.';
END
$$;
COMMENT ON FUNCTION order_events_refuse IS 'Refuses UPDATE and TRUNCATE of the log.';

CREATE OR REPLACE TRIGGER order_events_append_only
    BEFORE UPDATE OR TRUNCATE ON order_events
    FOR EACH STATEMENT EXECUTE FUNCTION order_events_refuse();


-- Users and sessions --------------------------------------------------------------------------
--
-- Every end of a session (sign-out, a new password, another role, DELETE in psql) deletes its row, and a
-- trigger then revokes the session, so that its connections close like those of a revoked token. If the
-- company login gives a session another role, the session gets another id, so its connections close too.

CREATE OR REPLACE FUNCTION order_session_revoke() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO public.revoked_tokens (name, counts_until, kept_until)
    VALUES (CASE WHEN OLD.idle_ends_at IS NULL THEN 'token:program:' ELSE 'token:session:' END || OLD.id,
            OLD.ends_at, OLD.ends_at + interval '1 hour')
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION order_session_revoke IS
    'Revokes a session that is deleted or gets another id before its end.';

CREATE OR REPLACE TRIGGER order_session_revoke
    AFTER DELETE OR UPDATE OF id ON order_sessions
    FOR EACH ROW WHEN (OLD.ends_at > now()) EXECUTE FUNCTION order_session_revoke();

CREATE OR REPLACE FUNCTION order_user_sign_out() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'UPDATE'
       AND (OLD.role, OLD.rows, OLD.password_hash, OLD.disabled)
           IS NOT DISTINCT FROM (NEW.role, NEW.rows, NEW.password_hash, NEW.disabled)
    THEN
        RETURN NULL;
    END IF;
    DELETE FROM public.order_sessions WHERE user_name = OLD.name;
    IF TG_OP = 'DELETE' THEN    -- because another person may get the name later
        DELETE FROM public.order_preferences WHERE subject = OLD.name;
        DELETE FROM public.order_views WHERE owner = OLD.name;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION order_user_sign_out IS
    'Ends the sessions of a user who is changed or removed. Also deletes the preferences and views of a '
    'user who is removed.';

CREATE OR REPLACE TRIGGER order_user_sign_out
    AFTER DELETE OR UPDATE OF role, rows, password_hash, disabled ON order_users
    FOR EACH ROW EXECUTE FUNCTION order_user_sign_out();


-- Partitioned tables --------------------------------------------------------------------------
--
-- A partitioned table is watched as one table. PostgreSQL clones its row triggers to every partition,
-- also to partitions that are attached later, so no change of a row is missed. docs/adr/0024 explains it.

CREATE OR REPLACE FUNCTION order_record_rows(
    relation regclass, operation text, partition regclass, actor text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    shape   CONSTANT public.order_shape := public.order_read_shape(relation);
    present CONSTANT text := current_setting('orders.actor', true);
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed'
       AND pg_relation_size(partition) > 0
    THEN
        RAISE EXCEPTION 'could not serialize access: the rows of partition % come to or leave %',
            partition, relation
            USING ERRCODE = 'serialization_failure',
                  HINT = 'Repeat the transaction, or run it as READ COMMITTED.';
    END IF;
    PERFORM set_config('orders.actor', coalesce(actor, ''), true);
    EXECUTE format('SELECT public.order_record_%s($1, x) FROM %s AS x%s', lower(operation),
                   CASE WHEN has_table_privilege(partition, 'SELECT')
                        THEN 'ONLY ' || partition::text ELSE relation::text END,
                   CASE WHEN NOT has_table_privilege(partition, 'SELECT')
                        THEN format(' WHERE x.tableoid = %s AND (%s)', partition::oid, coalesce(
                                    pg_get_partition_constraintdef(partition), 'false')) END)
      USING shape;
    PERFORM set_config('orders.actor', coalesce(present, ''), true);
END
$$;
COMMENT ON FUNCTION order_record_rows IS
    'Records an INSERT or DELETE for each row of a partition. The rows are read with a new snapshot, '
    'which only READ COMMITTED allows. By default the events have no actor, because the session that '
    'notices an attached partition did not insert its rows.';

CREATE OR REPLACE FUNCTION order_partition_enter(partition regclass) RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    root CONSTANT regclass := pg_partition_root(partition);
BEGIN
    IF root IS NULL OR root = partition THEN
        RETURN NULL;
    ELSIF NOT EXISTS (SELECT FROM public.order_tables WHERE relation = root) THEN
        RAISE EXCEPTION '% is not watched, although its partition % has a trigger of the stream',
            root, partition
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'SELECT watch_table(...) creates the triggers of a table.';
    END IF;
    INSERT INTO public.order_partitions VALUES (partition, root) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM public.order_record_rows(root, 'INSERT', partition);
    END IF;
    RETURN root;
END
$$;
COMMENT ON FUNCTION order_partition_enter IS
    'Adds the rows of a partition to the stream, if they are not there yet. Returns the watched table of the '
    'partition; null if the partition is being detached. Waits for a transaction that adds the same one.';

CREATE OR REPLACE FUNCTION order_partition_leave(partition regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    root regclass;
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE oid = partition) AND has_table_privilege(partition, 'SELECT')
    THEN
        EXECUTE format('LOCK TABLE %s IN ACCESS SHARE MODE', partition);    -- prevents ATTACH until commit
        DELETE FROM public.order_partitions AS known
         WHERE known.partition = order_partition_leave.partition
           AND known.relation IS DISTINCT FROM pg_partition_root(order_partition_leave.partition)
        RETURNING relation INTO root;
        IF EXISTS (SELECT FROM public.order_tables WHERE relation = root) THEN
            PERFORM public.order_record_rows(root, 'DELETE', partition);
        END IF;
    ELSE
        DELETE FROM public.order_partitions AS known
         WHERE known.partition = order_partition_leave.partition;
    END IF;
EXCEPTION WHEN undefined_column OR undefined_table THEN
    -- The partition was dropped, or altered after it was detached. No events are needed, because the new
    -- schema version makes clients fetch a snapshot.
    DELETE FROM public.order_partitions AS known
     WHERE known.partition = order_partition_leave.partition;
END
$$;
COMMENT ON FUNCTION order_partition_leave IS
    'Records a DELETE for each row of a detached partition, if that has not been done yet.';

CREATE OR REPLACE FUNCTION order_partition_moves(
    shape order_shape, partition regclass, after anyelement, new_row text
) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    stays boolean;
BEGIN
    EXECUTE format('SELECT %s FROM (SELECT ($1).*) AS s',
                   coalesce(pg_get_partition_constraintdef(partition), 'true'))
       INTO stays USING after;
    IF stays IS NOT FALSE THEN
        RETURN false;
    END IF;
    IF shape.version IS NOT NULL THEN
        PERFORM set_config('orders.moved', json_build_array(
            shape.name, public.order_key_text(shape.key, new_row),
            public.order_member(new_row, 'version'), NULL)::text, true);
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION order_partition_moves IS
    'Returns whether an UPDATE moves a row to another partition. PostgreSQL then deletes the row in one '
    'partition and inserts it into another, which fires the DELETE and INSERT triggers. The setting '
    'orders.moved passes data to these triggers: table, new key, version, the outbox id of the DELETE, the '
    'old row. The two operations are recorded separately, because a trigger of the owner may prevent either.';

CREATE OR REPLACE FUNCTION order_key_text(columns text[], "row" text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    key  text;
BEGIN
    FOREACH name IN ARRAY columns LOOP
        key := concat(key || ',', to_json(name), ':', public.order_member("row", name));
    END LOOP;
    RETURN '{' || key || '}';
END
$$;
COMMENT ON FUNCTION order_key_text IS 'Returns some columns of a rendered row as a JSON object.';

CREATE OR REPLACE FUNCTION order_partition_delete(shape order_shape, before anyelement) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moved   json := nullif(current_setting('orders.moved', true), '');
    ignored text;
BEGIN
    ignored := public.order_record_delete(shape, before);
    IF shape.is_orders AND moved IS NOT NULL THEN
        ignored := set_config('orders.moved', json_build_array(
            moved -> 0, moved -> 1, moved -> 2, currval('public.order_outbox_id_seq'),
            public.order_render(shape, before))::text, true);
    END IF;
END
$$;
COMMENT ON FUNCTION order_partition_delete IS
    'Records the DELETE of a row from a partition. If an UPDATE moves the row, adds the outbox id and the '
    'old row to orders.moved.';

CREATE OR REPLACE FUNCTION order_partition_stamp(shape order_shape, after anyelement) RETURNS anyelement
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moved   json := nullif(current_setting('orders.moved', true), '');
    stamped record := after;
    version bigint := 1;
    new_row text;
    ignored text;
BEGIN
    IF moved IS NOT NULL AND moved ->> 0 = shape.name
       AND moved ->> 1 = public.order_key_text(shape.key, public.order_render(shape, after))
    THEN
        version := moved ->> 2;
        ignored := set_config('orders.moved', '', true);
    END IF;
    -- One statement for each type, because a cached plan keeps the type it was made for.
    IF shape.version = 'integer' THEN
        stamped.version := version;
    ELSE
        stamped.version := version;
    END IF;
    IF version > 1 AND shape.is_orders THEN
        new_row := public.order_render(shape, stamped);
        UPDATE public.order_outbox
           SET operation = 'UPDATE',
               "row" = public.order_bounded(shape.name, shape.nested, public.order_compact(new_row)),
               changed = public.order_changed_json(shape, moved ->> 4, new_row)
         WHERE id = (moved ->> 3)::bigint AND operation = 'DELETE' AND "table" = shape.name
           AND order_id::text = public.order_member(new_row, shape.key[1]);
        IF NOT FOUND THEN
            RETURN after;
        END IF;
    END IF;
    RETURN stamped;
END
$$;
COMMENT ON FUNCTION order_partition_stamp IS
    'Returns a row that is inserted into a partition with its version set: 1, or the next version if an '
    'UPDATE moves the row there. If the row is an order, it keeps its key, so the DELETE just recorded is '
    'turned into an UPDATE.';

-- Plans of triggers keep the result as a constant. It leaves out partitions that this transaction added,
-- because they may be rolled back and the plan is kept. For a writer that is not READ COMMITTED it is
-- empty, because the writer's snapshot may be older; such a writer looks each partition up.
CREATE OR REPLACE FUNCTION order_read_partitions(relation regclass) RETURNS oid[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT known.partition::oid FROM public.order_partitions AS known
                  WHERE known.relation = order_read_partitions.relation
                    AND known.entered_by IS DISTINCT FROM pg_current_xact_id_if_assigned());
END
$$;
COMMENT ON FUNCTION order_read_partitions IS 'Returns the partitions whose rows are in the stream.';

CREATE OR REPLACE FUNCTION order_known_partitions(relation regclass) RETURNS oid[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN public.order_read_partitions(relation);
END
$$;
COMMENT ON FUNCTION order_known_partitions IS
    'Returns order_read_partitions() as a constant of the plan, see order_shape(). Partitions may be missing '
    'from it. None is in it wrongly, because a detached partition loses its cloned triggers and their plans.';

CREATE OR REPLACE FUNCTION order_known_primary_key(relation regclass) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN public.order_primary_key(relation);
END
$$;
COMMENT ON FUNCTION order_known_primary_key IS
    'Returns order_primary_key() as a constant of the plan, see order_shape().';

CREATE OR REPLACE FUNCTION order_partition_source(kind text, relation oid) RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- Read before the shape, see order_trigger_source().
    fingerprint CONSTANT text := public.order_fingerprint(relation);
    shape       CONSTANT public.order_shape := public.order_read_shape(relation);
    known       CONSTANT text := 'TG_RELID OPERATOR(pg_catalog.=) ANY (public.order_known_partitions({relation}))';
    nothing_moves CONSTANT text := $$ AND coalesce(
        pg_catalog.current_setting('orders.moved', true), '') OPERATOR(pg_catalog.=) ''$$;
    fast        text;
    source      text := CASE kind
WHEN 'truncate' THEN $$
DECLARE
    done text;
BEGIN
    done := public.order_guard_statement(TG_RELID, TG_OP, TG_WHEN);
    RETURN NULL;
END
$$
WHEN 'stamp' THEN $$
    IF shape.version IS NOT NULL THEN
        NEW := public.order_partition_stamp(shape, NEW);
    END IF;
    RETURN NEW;$$
WHEN 'insert' THEN $$
    -- An order whose version is not 1 was moved here, and order_partition_stamp() has recorded the move.
    IF shape.is_orders AND shape.version IS NOT NULL THEN
        IF NEW.version OPERATOR(pg_catalog.<>) 1 THEN
            RETURN NULL;
        END IF;
    END IF;
    done := public.order_record_insert(shape, NEW);
    RETURN NULL;$$
WHEN 'update' THEN $$
    NEW := public.order_record_update(
        shape, OLD, NEW, TG_RELID,
        CASE WHEN root OPERATOR(pg_catalog.=) {relation} THEN public.order_known_primary_key({relation})
             ELSE public.order_primary_key(root) END);
    RETURN NEW;$$
WHEN 'delete' THEN $$
    done := public.order_partition_delete(shape, OLD);
    RETURN OLD;$$
END;
BEGIN
    IF kind = 'truncate' THEN
        RETURN source;
    END IF;
    IF NOT (shape.generated OR shape.foreign_) AND shape.key <> '{}' THEN
        fast := public.order_fast_source(kind, relation, shape, fingerprint, known || CASE
            WHEN kind IN ('stamp', 'delete') AND shape.version IS NOT NULL THEN nothing_moves
            WHEN kind = 'insert' AND shape.is_orders AND shape.version IS NOT NULL
            THEN ' AND NEW.version OPERATOR(pg_catalog.=) 1'
            ELSE '' END);
    END IF;
    source := $$    -- partitions: {partitions}
DECLARE
    root    pg_catalog.regclass := {relation};
    shape   public.order_shape;
    changed  text;
    changes  json;
    rendered json;
    who      text;
    done    text;
BEGIN$$ || coalesce(fast, '') || $$
    IF NOT $$ || known || $$ THEN
        root := public.order_partition_enter(TG_RELID);
        IF root IS NULL THEN
            RETURN {row};
        END IF;
    END IF;
    IF root OPERATOR(pg_catalog.=) {relation} THEN
        shape := public.order_shape({relation});
    ELSE
        shape := public.order_watched_shape(root);
    END IF;$$ || source || $$
END
$$;
    -- A hash of the known partitions: if they change, the source changes, so the function is replaced and
    -- its plans are made again.
    source := replace(source, '{partitions}', (
        SELECT md5(coalesce(string_agg(known.partition::oid::text, ' ' ORDER BY known.partition), ''))
          FROM public.order_partitions AS known WHERE known.relation = order_partition_source.relation));
    source := replace(source, '{row}', CASE kind WHEN 'delete' THEN 'OLD' ELSE 'NEW' END);
    RETURN replace(source, '{relation}', quote_literal(relation) || '::pg_catalog.regclass');
END
$function$;
COMMENT ON FUNCTION order_partition_source IS
    'Returns the source of a trigger function for the partitions of a table.';

CREATE OR REPLACE FUNCTION order_guard_statement(place regclass, operation text, moment text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    root CONSTANT regclass := pg_partition_root(place);
BEGIN
    IF operation = 'TRUNCATE' AND EXISTS (
           SELECT FROM public.order_tables AS watched
            WHERE watched.relation = place)
    THEN
        -- The guards of all partitions fire after the BEFORE trigger of the table and before its AFTER trigger.
        IF moment = 'BEFORE' THEN
            PERFORM set_config('orders.truncated', place::oid::text, true);
        ELSE
            PERFORM set_config('orders.truncated', '', true), public.order_record_truncate(place);
        END IF;
        RETURN;
    END IF;
    PERFORM public.order_partition_leave(known.partition)
       FROM public.order_partitions AS known
      WHERE known.partition IN (SELECT place UNION ALL SELECT relid FROM pg_partition_tree(place))
        AND known.relation IS DISTINCT FROM root;
    IF operation = 'TRUNCATE'
       AND current_setting('orders.truncated', true) IS DISTINCT FROM root::oid::text
       AND EXISTS (SELECT FROM public.order_partitions WHERE partition = place)
    THEN
        PERFORM public.order_record_rows(root, 'DELETE', place, public.order_actor());
    END IF;
END
$$;
COMMENT ON FUNCTION order_guard_statement IS
    'The body of the statement triggers. On a partitioned table it records TRUNCATE. On a partition it '
    'records a DELETE of each row when the partition is truncated alone, and when a statement is the first '
    'after the partition, or one above it, was detached. INSERT, UPDATE and DELETE that name the '
    'partitioned table do not fire the statement triggers of its partitions.';

CREATE OR REPLACE FUNCTION order_guard_partition(partition regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    root     CONSTANT regclass := pg_partition_root(partition);
    function CONSTANT text := format('order_truncate_%s', root::oid);
    guarded  regclass;
    moment   text;
BEGIN
    FOR guarded, moment IN
        SELECT relid, moments.moment
          FROM pg_partition_ancestors(partition) AS relid
         CROSS JOIN unnest(ARRAY['BEFORE', 'AFTER']) AS moments (moment)
         WHERE (relid = root OR moments.moment = 'BEFORE') AND has_table_privilege(relid, 'TRIGGER')
           AND NOT EXISTS (SELECT FROM pg_trigger
                            WHERE tgrelid = relid AND tgfoid = to_regproc(function)
                              AND (tgtype & 2 = 2) = (moments.moment = 'BEFORE'))
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I %s %s ON %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
                       order_trigger_name(CASE moment WHEN 'BEFORE' THEN 'guard' ELSE 'truncate' END),
                       moment,
                       CASE WHEN guarded = root THEN 'TRUNCATE'
                            ELSE 'INSERT OR UPDATE OR DELETE OR TRUNCATE' END,
                       guarded, function);
    END LOOP;
END
$$;
COMMENT ON FUNCTION order_guard_partition IS
    'Creates the statement triggers of a partition, of the partitions above it, and of the partitioned table.';

CREATE OR REPLACE FUNCTION order_drop_guards() RETURNS boolean
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    guard record;
BEGIN
    FOR guard IN
        SELECT tgname, tgrelid::regclass AS relation
          FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
         WHERE pronamespace = 'public'::regnamespace AND proname ~ '^order_truncate_[0-9]+$'
           AND pg_has_role(relowner, 'USAGE')
           AND tgrelid NOT IN (SELECT order_tables.relation FROM order_tables)
           AND tgrelid NOT IN (SELECT partition FROM order_partitions)
           AND coalesce(pg_partition_root(tgrelid), 0) NOT IN (
               SELECT order_tables.relation FROM order_tables)
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', guard.tgname, guard.relation);
    END LOOP;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION order_drop_guards IS
    'Drops the statement triggers of tables that are no longer partitions of a watched table; returns '
    'whether there were any. Triggers on tables of other owners stay, and do nothing.';

CREATE OR REPLACE FUNCTION order_partitions_changed() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM order_leaves() AS leaf
          FULL JOIN order_partitions AS known
            ON known.partition = leaf.partition AND known.relation = leaf.relation
         WHERE known.settled IS NOT TRUE OR leaf.partition IS NULL);
END;
COMMENT ON FUNCTION order_partitions_changed IS
    'Returns whether order_follow_partitions() has something to do.';

CREATE OR REPLACE FUNCTION order_follow_partitions() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET client_min_messages = warning
SET timezone = 'UTC'
SET lock_timeout = '20ms'    -- because writers queue behind a session that waits for a lock (I5)
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT known.partition FROM order_partitions AS known
         WHERE NOT EXISTS (SELECT FROM order_leaves() AS leaf WHERE leaf.partition = known.partition
                              AND leaf.relation = known.relation)
         LIMIT 1 FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM order_partition_leave(found.partition);
        RETURN true;
    END LOOP;
    IF order_drop_guards() THEN
        RETURN true;
    END IF;
    FOR found IN
        SELECT leaf.partition FROM order_leaves() AS leaf
         WHERE NOT EXISTS (SELECT FROM order_partitions AS known WHERE known.partition = leaf.partition)
         LIMIT 1
    LOOP
        PERFORM order_partition_enter(found.partition);
        RETURN true;
    END LOOP;
    FOR found IN SELECT partition, relation FROM order_partitions WHERE NOT settled
                  LIMIT 1 FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM order_guard_partition(found.partition);
        UPDATE order_partitions SET settled = true WHERE partition = found.partition;
        PERFORM order_refresh_recorders();
        RETURN true;
    END LOOP;
    RETURN false;
EXCEPTION WHEN lock_not_available OR undefined_table THEN
    RETURN false;    -- the listener calls again in a second
END
$$;
COMMENT ON FUNCTION order_follow_partitions IS
    'Updates stream and triggers for one partition that was attached, detached, created or dropped. '
    'Returns whether there may be another one. The listener calls it every second.';


-- Watched tables ------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION order_trigger_name(kind text) RETURNS name
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN kind IN ('insert', 'truncate') THEN chr(1)
            WHEN getdatabaseencoding() = 'UTF8' THEN chr(1114111)
            ELSE '~' END || 'orders_' || kind;
COMMENT ON FUNCTION order_trigger_name IS
    'Returns the name of a trigger. PostgreSQL fires triggers in the byte order of their names. The triggers '
    'of INSERT and TRUNCATE must fire before those of the owner, the others after them.';

CREATE OR REPLACE FUNCTION order_drop_recorders(relation oid) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT oid::regprocedure AS signature FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace
           AND proname ~ format('^order_(stamp|insert|update|delete|truncate)_%s$', relation)
    LOOP
        -- CASCADE drops the trigger, too; only the owner of the table could drop the trigger alone.
        EXECUTE format('DROP FUNCTION %s CASCADE', found.signature);
    END LOOP;
    DELETE FROM order_partitions AS known WHERE known.relation = order_drop_recorders.relation;
END
$$;
COMMENT ON FUNCTION order_drop_recorders IS 'Drops the triggers of a table and their functions.';

CREATE OR REPLACE FUNCTION order_trigger_kinds() RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY['stamp', 'insert', 'update', 'delete', 'truncate'];
COMMENT ON FUNCTION order_trigger_kinds IS
    'Returns the kinds of triggers. Each watched table has a trigger, and a function, of each kind.';

CREATE OR REPLACE FUNCTION order_make_recorders(relation regclass) RETURNS integer
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    kind     text;
    function text;
    source   text;
    made     integer := 0;
    divided  CONSTANT boolean := (SELECT relkind = 'p' FROM pg_class WHERE oid = relation);
BEGIN
    FOREACH kind IN ARRAY order_trigger_kinds() LOOP
        function := format('order_%s_%s', kind, relation::oid);
        source := CASE WHEN divided THEN order_partition_source(kind, relation)
                       ELSE order_trigger_source(kind, relation) END;
        CONTINUE WHEN EXISTS (SELECT FROM pg_proc
                               WHERE oid = to_regproc(function) AND prosrc = source AND prosecdef
                                 AND proconfig = '{TimeZone=UTC}');
        EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS trigger'
                       ' LANGUAGE plpgsql SECURITY DEFINER SET timezone = ''UTC'' AS %L', function, source);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %I() FROM PUBLIC', function);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION order_make_recorders IS
    'Creates or replaces the trigger functions of a table that are missing or no longer fit the table; '
    'returns their number.';

CREATE OR REPLACE FUNCTION order_refresh_recorders() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(order_lock('recorders')) THEN
        RETURN 0;    -- another session is doing this
    END IF;
    RETURN (SELECT coalesce(sum(order_make_recorders(relation)), 0)
              FROM order_tables JOIN pg_class ON pg_class.oid = relation);
END
$$;
COMMENT ON FUNCTION order_refresh_recorders IS
    'Replaces the trigger functions of tables that were altered, without locking a table; returns their '
    'number. The listener calls it. It only makes recording faster, because functions that no longer fit '
    'their table still record every change.';

CREATE OR REPLACE FUNCTION order_own_tables() RETURNS SETOF regclass
LANGUAGE sql STABLE
SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT to_regclass(name)
      FROM unnest(ARRAY['idempotency_keys', 'order_company_sessions', 'order_events',
                        'order_next_choices', 'order_outbox', 'order_partitions',
                        'order_preferences', 'order_sessions', 'order_settings',
                        'order_sign_in_attempts', 'order_stream', 'order_tables',
                        'order_templates', 'order_thresholds', 'order_users', 'order_views', 'revoked_tokens']) AS name
     WHERE to_regclass(name) IS NOT NULL;
END;
COMMENT ON FUNCTION order_own_tables IS
    'Returns the tables of this script except orders. They hold the stream, secrets and settings, and '
    'cannot be watched.';

CREATE OR REPLACE FUNCTION watch_table(relation regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    subject pg_class;
    kind    text;
    is_new  boolean;
BEGIN
    SELECT * INTO subject FROM pg_class WHERE oid = relation;
    IF subject.relispartition THEN
        RAISE EXCEPTION '% is a partition: watch the partitioned table', relation
            USING ERRCODE = 'wrong_object_type';
    ELSIF subject.relkind NOT IN ('r', 'p') OR subject.relpersistence = 't' THEN
        RAISE EXCEPTION '% cannot be watched: it is not an ordinary or partitioned table', relation
            USING ERRCODE = 'wrong_object_type';
    ELSIF order_key_columns(relation) = '{}' AND relation NOT IN (SELECT order_tables.relation FROM order_tables)
    THEN
        RAISE EXCEPTION '% cannot be watched: it has no primary key', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Events name a row by its primary key.';
    ELSIF relation IN (SELECT order_own_tables())
        AND relation NOT IN (SELECT order_tables.relation FROM order_tables)    -- in a database of an earlier version
    THEN
        RAISE EXCEPTION '% cannot be watched: it belongs to the stream', relation
            USING ERRCODE = 'wrong_object_type';
    END IF;
    INSERT INTO order_tables VALUES (relation) ON CONFLICT DO NOTHING;
    is_new := FOUND;
    IF order_key_columns(relation) = '{}' THEN    -- it had a primary key, and may get one again
        RAISE WARNING '% has no primary key: its changes make no events until it has one', relation;
    END IF;
    PERFORM pg_advisory_xact_lock(order_lock('recorders'));
    PERFORM order_make_recorders(relation);
    FOREACH kind IN ARRAY order_trigger_kinds() LOOP
        CONTINUE WHEN subject.relkind = 'p' AND kind = 'truncate';
        CONTINUE WHEN EXISTS (    -- keep it, because its owner may have set ENABLE ALWAYS
            SELECT FROM pg_trigger
             WHERE tgrelid = relation AND tgname = order_trigger_name(kind)
               AND tgfoid = to_regproc(format('order_%s_%s', kind, relation::oid)));
        EXECUTE format('CREATE OR REPLACE TRIGGER %I %s ON %s EXECUTE FUNCTION %I()',
                       order_trigger_name(kind),
                       CASE kind WHEN 'stamp' THEN 'BEFORE INSERT'
                                 WHEN 'insert' THEN 'AFTER INSERT'
                                 WHEN 'truncate' THEN 'AFTER TRUNCATE'
                                 ELSE 'BEFORE ' || upper(kind) END,
                       relation::text || CASE
                           WHEN kind = 'truncate' THEN ' FOR EACH STATEMENT'
                           -- WHEN saves a call, an eighth of the time of a single-row INSERT. PostgreSQL
                           -- then refuses to alter the type of version, so WHEN is used only for orders,
                           -- whose version belongs to the system. It is not used for partitioned tables,
                           -- where a row that moves to another partition has a version already.
                           WHEN kind = 'stamp' AND subject.relkind = 'r' AND (order_read_shape(relation)).is_orders
                                AND (order_read_shape(relation)).version IS NOT NULL
                                AND NOT (SELECT attached FROM order_settings)
                           THEN ' FOR EACH ROW WHEN (NEW.version <> 1)'
                           ELSE ' FOR EACH ROW' END,
                       format('order_%s_%s', kind, relation::oid));
    END LOOP;
    IF subject.relkind = 'p' THEN
        IF is_new THEN    -- otherwise order_follow_partitions() adds them, with events for their rows
            INSERT INTO order_partitions (partition, relation)
            SELECT leaf.partition, leaf.relation FROM order_leaves() AS leaf
             WHERE leaf.relation = watch_table.relation;
        END IF;
        PERFORM order_guard_partition(relation);
        PERFORM order_guard_partition(known.partition) FROM order_partitions AS known
          WHERE known.relation = watch_table.relation;
        UPDATE order_partitions AS known SET settled = true
         WHERE known.relation = watch_table.relation;
    END IF;
    IF to_regrole('orders_api') IS NOT NULL AND NOT (SELECT attached FROM order_settings) THEN
        PERFORM grant_orders('orders_api', relation);
    END IF;
END
$$;
COMMENT ON FUNCTION watch_table IS
    'Watches a table: from now on each of its changes is an event. The table needs a primary key. Its owner '
    'must be trusted, because types and generated columns of the table are evaluated with the privileges '
    'of the owner of this function.';

CREATE OR REPLACE FUNCTION unwatch_table(relation regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM order_drop_recorders(relation);
    DELETE FROM order_tables WHERE order_tables.relation = unwatch_table.relation;
    PERFORM order_drop_guards();
END
$$;
COMMENT ON FUNCTION unwatch_table IS
    'Stops watching a table. Changes in the outbox are still delivered. The privileges of orders_api on the '
    'table stay as they are.';

CREATE OR REPLACE FUNCTION order_follow_waiting(relation regclass, "column" text) RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
SET lock_timeout = '2s'    -- because writers queue behind an ALTER TABLE that waits for a lock
AS $$
DECLARE
    date CONSTANT text := order_date_column("column");
    type regtype;
BEGIN
    IF NOT EXISTS (SELECT FROM order_tables WHERE order_tables.relation = order_follow_waiting.relation) THEN
        RAISE EXCEPTION '% is not watched', relation USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = "column"
                         AND attnum > 0 AND NOT attisdropped) THEN
        RAISE EXCEPTION '% has no column %', relation, "column" USING ERRCODE = 'undefined_column';
    ELSIF octet_length(date) > 63 THEN
        RAISE EXCEPTION 'the name % is too long', date USING ERRCODE = 'name_too_long';
    END IF;
    SELECT atttypid INTO type FROM pg_attribute
     WHERE attrelid = relation AND attname = date AND NOT attisdropped AND attgenerated = '';
    IF type <> 'timestamptz'::regtype THEN
        RAISE EXCEPTION 'column % of % is not of type timestamptz', date, relation
            USING ERRCODE = 'datatype_mismatch';
    ELSIF type IS NULL THEN
        -- The default is set after the column was added, so existing rows get no date. To fill it in would
        -- change every row and make an event for each.
        EXECUTE format('ALTER TABLE %s ADD COLUMN %I timestamptz', relation, date);
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT now()', relation, date);
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', relation, date, format(
            'Since when the row has its %s. Set by trigger. Null: since updated_at or before.', "column"));
    END IF;
    UPDATE order_tables SET dated = "column"
     WHERE order_tables.relation = order_follow_waiting.relation AND dated IS DISTINCT FROM "column";
    PERFORM pg_advisory_xact_lock(order_lock('recorders'));
    PERFORM order_make_recorders(relation);
END
$$;
COMMENT ON FUNCTION order_follow_waiting IS
    'From now on triggers keep the time of the last change of a column, such as the status, in the column '
    '<column>_changed_at, which is added if it is missing.';

CREATE OR REPLACE FUNCTION order_thresholds_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT DISTINCT ON (relation) relation, "column"
          FROM order_thresholds JOIN order_tables ON order_table_name(relation) = "table"
         WHERE order_dated_column(relation) IS NULL AND NOT (SELECT attached FROM order_settings)
         ORDER BY relation, "column"
    LOOP
        BEGIN
            PERFORM order_follow_waiting(found.relation, found."column");
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'column % of % is not added: %', order_date_column(found."column"), found.relation,
                SQLERRM USING HINT = 'Until order_follow_waiting() has added it, updated_at stands in for it.';
        END;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION order_thresholds_follow IS
    'Calls order_follow_waiting() for a table that gets its first threshold, but not in an attached '
    'database, where it must not alter tables. If the call fails, the thresholds stay and count from '
    'updated_at.';

CREATE OR REPLACE TRIGGER order_thresholds_follow
    AFTER INSERT OR UPDATE ON order_thresholds
    FOR EACH STATEMENT EXECUTE FUNCTION order_thresholds_follow();

-- Functions order_admin_*: tasks of admins in the dashboard that only the owner of a table may do. By
-- default the API's role may not execute them, because an attacker who controls the API could stop
-- watching a table, or read a table that is not watched yet. Until the owner grants them, the dashboard
-- shows the SQL statements instead. The lock_timeout is short, because writers queue behind a session
-- that waits for a lock. docs/adr/0036 has the details.

CREATE OR REPLACE FUNCTION order_admin_watch(relation regclass, live boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '2s'
AS $$
BEGIN
    IF relation = order_main_table() THEN
        RAISE EXCEPTION '% is the table of orders, which is always watched', relation;
    ELSIF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = relation), 'USAGE') THEN
        -- Types and generated columns are evaluated with the privileges of this function's owner.
        RAISE EXCEPTION '% belongs to %, whom the owner of the stream would have to trust', relation,
            (SELECT relowner::regrole FROM pg_class WHERE oid = relation);
    ELSIF live THEN
        PERFORM watch_table(relation);
    ELSE
        PERFORM unwatch_table(relation);
    END IF;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION '% is in use by a long transaction; try again when it has ended', relation;
WHEN object_not_in_prerequisite_state THEN    -- of watch_table(); drivers take its class for a lost connection
    RAISE EXCEPTION '%', SQLERRM;
END
$$;
COMMENT ON FUNCTION order_admin_watch IS
    'Calls watch_table() or unwatch_table(), for admins in the dashboard. Refuses the main table, and a '
    'table whose owner is a role that the owner of this function does not belong to.';

CREATE OR REPLACE FUNCTION order_choice_check(
    relation regclass, "column" name, OUT name name, OUT choices text[], OUT comment text
)
LANGUAGE sql STABLE
SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT conname, found.choices, obj_description(pg_constraint.oid, 'pg_constraint')
      FROM pg_attribute
      JOIN pg_constraint ON conrelid = attrelid AND contype = 'c' AND conkey = ARRAY[attnum],
           order_check_choices(pg_get_expr(conbin, conrelid), quote_ident(attname)) AS found (choices)
     WHERE attrelid = relation AND attname = "column" AND found.choices IS NOT NULL
     ORDER BY conname LIMIT 1;
END;
COMMENT ON FUNCTION order_choice_check IS
    'Returns the CHECK that lists the choices of a column: its name, the choices, its comment.';

CREATE OR REPLACE FUNCTION order_choice_statement(relation regclass, "column" name, choice text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
AS $$
DECLARE
    present record;
    alike   text;
BEGIN
    SELECT * INTO present FROM order_choice_check(relation, "column");
    IF present.name IS NULL THEN
        RAISE EXCEPTION 'the choices of % are those of a type: ALTER TYPE or ALTER DOMAIN adds one', "column";
    END IF;
    SELECT known INTO alike FROM unnest(present.choices) AS known WHERE lower(known) = lower(choice);
    IF FOUND THEN
        RAISE EXCEPTION '% is there already', alike;
    END IF;
    -- NOT VALID, because rows that satisfy the shorter list also satisfy the longer one.
    RETURN format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I CHECK (%I = ANY (%L)) NOT VALID',
                  relation, present.name, "column", present.choices || choice);
END
$$;
COMMENT ON FUNCTION order_choice_statement IS
    'Returns the statement that adds a choice to a column by replacing the CHECK that lists the choices.';

CREATE OR REPLACE FUNCTION order_admin_add_choice(relation regclass, "column" name, choice text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    present record;
BEGIN
    IF relation NOT IN (SELECT order_tables.relation FROM order_tables) THEN
        RAISE EXCEPTION '% is not watched', relation;
    END IF;
    SELECT * INTO present FROM order_choice_check(relation, "column");
    IF choice IS NULL THEN
        EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', relation, present.name);
        RETURN;
    END IF;
    EXECUTE order_choice_statement(relation, "column", choice);
    EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', present.name, relation, present.comment);
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION '% is in use by a long transaction; try again when it has ended', relation;
END
$$;
COMMENT ON FUNCTION order_admin_add_choice IS
    'Adds a choice to a column of a watched table, for admins in the dashboard. With the choice null, in a '
    'later transaction, it validates the new CHECK instead; writers need not wait for that.';

CREATE OR REPLACE FUNCTION order_choice_removal(relation regclass, "column" name, choice text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp
AS $$
DECLARE
    present record;
BEGIN
    SELECT * INTO present FROM order_choice_check(relation, "column");
    IF present.name IS NULL THEN
        RAISE EXCEPTION 'the choices of % are those of a type, which keeps them', "column";
    ELSIF present.choices <@ ARRAY[choice] THEN
        RAISE EXCEPTION '% is the only choice', choice;
    ELSIF EXISTS (SELECT FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
                   WHERE adrelid = relation AND attname = "column"
                     AND starts_with(pg_get_expr(adbin, adrelid), quote_literal(choice))) THEN
        RAISE EXCEPTION '% is what new rows have', choice;
    END IF;
    RETURN format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I CHECK (%I = ANY (%L))',
                  relation, present.name, "column", array_remove(present.choices, choice));
END
$$;
COMMENT ON FUNCTION order_choice_removal IS
    'Returns the statement that removes a choice from a column. The statement fails if a row has the choice.';

CREATE OR REPLACE FUNCTION order_admin_remove_choice(relation regclass, "column" name, choice text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    present record;
    used    boolean;
BEGIN
    IF relation NOT IN (SELECT order_tables.relation FROM order_tables) THEN
        RAISE EXCEPTION '% is not watched', relation;
    END IF;
    SELECT * INTO present FROM order_choice_check(relation, "column");
    -- Usually a choice that is in use is refused here, before the lock; the CHECK decides in the end.
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I = %L)', relation, "column", choice) INTO used;
    IF used THEN
        RAISE EXCEPTION 'some rows are %', choice;
    END IF;
    EXECUTE order_choice_removal(relation, "column", choice);
    EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', present.name, relation, present.comment);
    DELETE FROM order_thresholds AS rule
     WHERE rule."table" = order_table_name(relation) AND rule."column" = $2 AND value = choice;
    DELETE FROM order_next_choices AS rule
     WHERE rule."table" = order_table_name(relation) AND rule."column" = $2 AND value = choice;
    UPDATE order_next_choices AS rule SET next = array_remove(next, choice)
     WHERE rule."table" = order_table_name(relation) AND rule."column" = $2 AND choice = ANY (next);
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION '% is in use by a long transaction; try again when it has ended', relation;
WHEN check_violation THEN
    RAISE EXCEPTION 'some rows are %', choice;
END
$$;
COMMENT ON FUNCTION order_admin_remove_choice IS
    'Removes a choice that no row has from a column of a watched table, with its next steps and thresholds, '
    'for admins in the dashboard. Writers wait while the rows are read.';

CREATE OR REPLACE FUNCTION set_main_table(relation regclass, display json DEFAULT '{}') RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    watched regclass;
    missing text;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute
         WHERE attrelid = relation AND ARRAY[attname::text] = order_main_key(relation)
           AND order_base_type(atttypid) IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype))
    THEN
        RAISE EXCEPTION '% cannot be the table of orders: its primary key is not a single column of an '
                        'integer type', relation
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'watch_table() makes every table with a primary key live, at /api/tables.';
    END IF;
    SELECT value INTO missing FROM json_each_text(display)
     WHERE value NOT IN (SELECT attname FROM pg_attribute
                          WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped);
    IF FOUND THEN
        RAISE EXCEPTION '% has no column %', relation, missing USING ERRCODE = 'undefined_column';
    END IF;
    UPDATE order_settings AS known SET main = set_main_table.relation, display = set_main_table.display
     WHERE known.main IS DISTINCT FROM set_main_table.relation
        OR known.display::text IS DISTINCT FROM set_main_table.display::text;
    PERFORM watch_table(relation);
    -- The triggers contain the names of tables and of parent columns, so they are made again.
    FOR watched IN SELECT order_tables.relation FROM order_tables LOOP
        PERFORM watch_table(watched) WHERE watched <> relation;
    END LOOP;
END
$$;
COMMENT ON FUNCTION set_main_table IS
    'Makes a table the main table, whose rows are orders, and watches it. display: which of its columns '
    'the dashboard shows as status, customer, title and quantity.';

CREATE OR REPLACE FUNCTION order_trigger_states() RETURNS TABLE ("table" text, state text)
LANGUAGE sql STABLE
SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH placed AS (    -- the tables that hold rows
        SELECT relation, relation AS place FROM order_tables
          JOIN pg_class ON oid = relation AND relkind = 'r'
         UNION ALL
        SELECT relation, partition FROM order_leaves()
    ), states AS (
        SELECT order_tables.relation, coalesce(tgenabled::text, CASE WHEN place IS NOT NULL THEN 'missing' END) AS state
          FROM order_tables
          LEFT JOIN placed ON placed.relation = order_tables.relation
          CROSS JOIN unnest(ARRAY['insert', 'update', 'delete']) AS kind
          LEFT JOIN pg_trigger
            ON tgrelid = place AND tgfoid = to_regproc(format('order_%s_%s', kind, order_tables.relation::oid))
    )
    SELECT order_table_name(relation),
           CASE WHEN order_key_columns(relation) = '{}' THEN 'keyless'
                WHEN bool_or(state = 'missing') THEN 'missing'
                WHEN bool_or(state = 'D') THEN 'disabled'
                WHEN bool_or(state = 'R') THEN 'replica'
                WHEN bool_and(state = 'A') THEN 'always'
                ELSE 'origin' END
      FROM states WHERE order_table_name(relation) IS NOT NULL
     GROUP BY relation;
END;
COMMENT ON FUNCTION order_trigger_states IS
    'Returns for each watched table when its triggers fire. always: for all changes. origin: for all '
    'changes except those of a replication subscriber. replica: only for those of a replication '
    'subscriber. disabled, missing: some triggers never fire. keyless: the triggers record nothing, '
    'because the table has no primary key.';

CREATE OR REPLACE FUNCTION grant_orders(role regrole, relation regclass DEFAULT public.order_main_table())
RETURNS void
LANGUAGE plpgsql
SET search_path = public, pg_temp
AS $$
DECLARE
    sequence regclass;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s',
                   (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = relation), role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s', relation, role);
    FOR sequence IN    -- of serial columns; identity columns need no privilege
        SELECT objid FROM pg_depend
         WHERE refobjid = relation AND classid = 'pg_class'::regclass AND deptype = 'a'
           AND (SELECT relkind = 'S' FROM pg_class WHERE oid = objid)
    LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %s', sequence, role);
    END LOOP;
END
$$;
COMMENT ON FUNCTION grant_orders IS
    'Grants a role the privileges that an application needs on a watched table: SELECT, INSERT, UPDATE, '
    'DELETE. It does not grant TRIGGER, with which the role could hide or falsify changes, nor TRUNCATE.';

DO $$
DECLARE
    watched oid;
BEGIN
    FOR watched IN SELECT relation FROM order_tables LOOP
        IF NOT EXISTS (SELECT FROM pg_class WHERE oid = watched) THEN    -- the table was dropped
            PERFORM order_drop_recorders(watched);
            DELETE FROM order_tables WHERE relation = watched;
        END IF;
    END LOOP;
    IF NOT (SELECT attached FROM order_settings) THEN
        PERFORM watch_table(order_main_table());
    END IF;
    FOR watched IN SELECT relation FROM order_tables WHERE relation IS DISTINCT FROM order_main_table() LOOP
        PERFORM watch_table(watched);
    END LOOP;
END
$$;


-- Upgrade from earlier versions, part 3: fill "changed" of entries in the outbox, drop "old" ---------------

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = 'order_outbox'::regclass AND attname = 'old' AND NOT attisdropped) THEN
        UPDATE order_outbox
           SET "row" = order_compact("row"::text)::json,
               changed = CASE operation
                   WHEN 'UPDATE' THEN order_differences(old::text, "row"::text, ARRAY['"version', '"updated_at'])
                   WHEN 'DELETE' THEN order_compact(old::text) END::json;
        ALTER TABLE order_outbox DROP COLUMN old;
    END IF;
END
$$;


-- Roles ---------------------------------------------------------------------------------------
--
-- The owner runs this script; no service needs the owner's privileges. The script creates the roles
-- orders_api and orders_listener if its user may create roles. If an administrator creates them later,
-- the next run grants their privileges. Other roles need privileges on the watched tables only, see
-- grant_orders(); their changes become events too.

DO $$
DECLARE
    wanted text;
BEGIN
    IF (SELECT attached FROM order_settings) THEN
        RETURN;
    END IF;
    FOREACH wanted IN ARRAY ARRAY['orders_api', 'orders_listener'] LOOP
        IF to_regrole(wanted) IS NULL
           AND (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
END
$$;

-- Revoke these functions from PUBLIC: some run with their owner's privileges, take events or end sessions.
DO $$
DECLARE
    ours oid;
BEGIN
    FOR ours IN
        SELECT oid FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND proowner = (
                   SELECT relowner FROM pg_class WHERE oid = 'order_events'::regclass)
           AND proname IN (
                   'grant_orders', 'order_actor', 'order_admin_add_choice', 'order_admin_remove_choice', 'order_admin_watch',
                   'order_base_type', 'order_batch', 'order_batch_bytes', 'order_bounded', 'order_changed_json',
                   'order_changed_source', 'order_check_choices', 'order_check_length', 'order_choice_check',
                   'order_choice_removal', 'order_choice_statement', 'order_compact', 'order_date', 'order_date_column',
                   'order_date_source', 'order_dated_column', 'order_depth_exceeds', 'order_differences',
                   'order_drop_guards', 'order_drop_recorders', 'order_equality_is_exact', 'order_event_json',
                   'order_event_text', 'order_events_forget', 'order_events_refuse', 'order_fast_source',
                   'order_filled', 'order_fingerprint', 'order_follow_partitions', 'order_follow_waiting',
                   'order_guard_partition', 'order_guard_statement', 'order_id_of', 'order_is_maintained',
                   'order_key_columns', 'order_key_text', 'order_known_partitions', 'order_known_primary_key',
                   'order_leaves', 'order_listener_deaf', 'order_listener_depose', 'order_listener_hears',
                   'order_listener_lead', 'order_listener_renew_sign', 'order_listener_sleep',
                   'order_listener_wake', 'order_lock', 'order_main_key', 'order_main_table',
                   'order_make_recorders', 'order_member', 'order_origin', 'order_own_tables',
                   'order_parent_column', 'order_partition_columns', 'order_partition_delete',
                   'order_partition_enter', 'order_partition_leave', 'order_partition_moves',
                   'order_partition_source', 'order_partition_stamp', 'order_partitions_changed',
                   'order_primary_key', 'order_read_partitions', 'order_read_shape', 'order_record',
                   'order_record_delete', 'order_record_insert', 'order_record_rows', 'order_record_truncate',
                   'order_record_update', 'order_refresh_recorders', 'order_refuse_key',
                   'order_refuse_old_snapshot', 'order_render', 'order_rendering_kind', 'order_ring',
                   'order_row_json', 'order_row_json_pinned', 'order_row_most_bytes', 'order_same_source',
                   'order_schema', 'order_schema_version', 'order_session_revoke', 'order_settings_neutral',
                   'order_shape', 'order_shape_is', 'order_stamp', 'order_stream_settle', 'order_table_name',
                   'order_taker_next', 'order_taker_start', 'order_thresholds_follow', 'order_travels',
                   'order_trigger_kinds', 'order_trigger_name', 'order_trigger_source', 'order_trigger_states',
                   'order_user_sign_out', 'order_watched_shape', 'order_writer_silent', 'order_writers_settled',
                   'prune_order_events', 'read_order_events', 'set_main_table', 'take_order_events',
                   'unwatch_table', 'watch_table')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', ours::regprocedure);
    END LOOP;

    IF (SELECT attached FROM order_settings) THEN
        RETURN;
    END IF;
    IF to_regrole('orders_api') IS NOT NULL THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys, revoked_tokens, order_users,
            order_sessions, order_company_sessions, order_sign_in_attempts, order_preferences TO orders_api;
        GRANT SELECT, INSERT, UPDATE, DELETE ON order_thresholds, order_templates, order_views TO orders_api;
        GRANT SELECT ON order_events, order_outbox, order_stream, order_tables, order_next_choices,
            order_settings TO orders_api;
        GRANT EXECUTE ON FUNCTION order_schema, order_schema_version, order_compact, order_event_json,
            order_event_text, order_table_name, order_main_table TO orders_api;
        -- For admins in the dashboard.
        GRANT INSERT, UPDATE, DELETE ON order_next_choices TO orders_api;
        GRANT EXECUTE ON FUNCTION order_own_tables, order_check_choices, order_choice_check,
            order_choice_statement, order_choice_removal TO orders_api;
    END IF;
    IF to_regrole('orders_listener') IS NOT NULL THEN
        GRANT SELECT ON order_events, order_stream, order_tables, order_next_choices, order_thresholds,
            order_settings TO orders_listener;
        GRANT SELECT (id) ON order_outbox TO orders_listener;
        GRANT EXECUTE ON FUNCTION take_order_events, read_order_events, order_schema,
            order_schema_version, order_compact, order_event_json, order_event_text,
            order_batch_bytes, order_events_forget, order_lock, order_origin, order_stream_settle,
            order_refresh_recorders, order_follow_partitions, order_partitions_changed,
            order_listener_lead, order_listener_sleep,
            order_listener_wake, order_listener_depose, order_writers_settled TO orders_listener;
        GRANT UPDATE ON SEQUENCE order_listener_well_until TO orders_listener;
    END IF;
END
$$;

COMMIT;
