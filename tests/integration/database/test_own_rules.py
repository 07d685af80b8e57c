"""Foreign keys, triggers and statements of owners, on any watched table."""

import psycopg
import pytest

from harness.servers import Database, Events, Postgres, Sql

ORDER = "INSERT INTO orders (customer_name, product_name) VALUES ('Ada', 'Laptop')"
MORE = """
    CREATE TABLE parcels (
        id bigint PRIMARY KEY, order_id bigint REFERENCES orders ON DELETE SET NULL, note text,
        version integer NOT NULL DEFAULT 1);
    CREATE TABLE scans (
        parcel bigint REFERENCES parcels ON DELETE CASCADE ON UPDATE CASCADE, n integer,
        place text DEFAULT 'here', PRIMARY KEY (parcel, n));
    SELECT watch_table('parcels'), watch_table('scans');
"""


def test_foreign_keys_act_on_watched_tables(sql: Sql, events: Events) -> None:
    """I1: SET NULL, and cascades over several tables, are events in causal order."""
    sql.execute(MORE)
    sql.execute(ORDER)
    sql.execute("INSERT INTO parcels VALUES (1, 1), (2, 1)")
    sql.execute("INSERT INTO scans SELECT 1, n FROM generate_series(1, 2) AS n")
    events()
    sql.execute("DELETE FROM orders")
    sql.execute("UPDATE parcels SET id = 7 WHERE id = 1")
    sql.execute("DELETE FROM parcels")
    found = [(e["table"], e["operation"], e.get("key"), e["order_id"]) for e in events()]
    assert found[0][:2] == ("orders", "DELETE")
    assert found[1:3] == [("parcels", "UPDATE", {"id": n}, None) for n in (1, 2)]
    assert [each[:3] for each in found[3:5]] == [
        ("parcels", "DELETE", {"id": 1}),
        ("parcels", "INSERT", {"id": 7}),
    ]
    assert sorted(each[1] for each in found[5:9]) == ["DELETE", "DELETE", "INSERT", "INSERT"]
    assert {each[0] for each in found[5:9]} == {"scans"}
    assert [each[:2] for each in found[9:11]] == [("parcels", "DELETE")] * 2
    assert [each[:3] for each in found[11:]] == [
        ("scans", "DELETE", {"parcel": 7, "n": n}) for n in (1, 2)
    ]


def test_every_statement_on_any_table(sql: Sql, events: Events) -> None:
    """I1: COPY, ON CONFLICT, MERGE and TRUNCATE CASCADE on tables beside orders."""
    sql.execute(MORE)
    sql.execute(ORDER)
    with sql.cursor().copy("COPY parcels (id, order_id) FROM STDIN") as copy:
        for row in ((1, 1), (2, 1), (3, None)):
            copy.write_row(row)
    sql.execute("INSERT INTO scans VALUES (1, 1)")
    sql.execute("INSERT INTO parcels VALUES (1), (4) ON CONFLICT (id) DO UPDATE SET note = 'again'")
    sql.execute("INSERT INTO parcels VALUES (1), (5) ON CONFLICT DO NOTHING")
    sql.execute(
        "MERGE INTO parcels USING (VALUES (1, 'x'), (2, 'gone'), (6, 'y')) AS s (id, what)"
        " ON parcels.id = s.id WHEN MATCHED AND what = 'gone' THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET note = what WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"
    )
    sql.execute("TRUNCATE parcels CASCADE")
    sql.execute("TRUNCATE orders, parcels, scans")
    found = [(e["table"], e["operation"], (e.get("key") or {}).get("id")) for e in events()]
    assert found[1:9] == [
        *[("parcels", "INSERT", n) for n in (1, 2, 3)],
        ("scans", "INSERT", None),
        ("parcels", "UPDATE", 1),
        ("parcels", "INSERT", 4),
        ("parcels", "INSERT", 5),
        ("parcels", "UPDATE", 1),
    ]
    assert sorted(found[9:11]) == [("parcels", "DELETE", 2), ("parcels", "INSERT", 6)]
    assert [each[1] for each in found[11:]] == ["TRUNCATE"] * 5
    assert sorted(each[0] for each in found[11:]) == ["orders", *["parcels"] * 2, *["scans"] * 2]


def test_an_owners_triggers_on_any_table(sql: Sql, events: Events) -> None:
    """I1, I2: what BEFORE triggers make of a change counts; what AFTER triggers do comes later."""
    sql.execute(MORE)
    sql.execute(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_WHEN = 'AFTER' THEN"
        "   UPDATE parcels SET note = note || '!' WHERE id = NEW.id AND length(note) < 4;"
        "   RETURN NULL;"
        " END IF;"
        " NEW.note := coalesce(NEW.note, 'a'); RETURN CASE WHEN NEW.id <> 13 THEN NEW END; END $$;"
        'CREATE TRIGGER "zz" BEFORE INSERT OR UPDATE ON parcels'
        " FOR EACH ROW EXECUTE FUNCTION meddle();"
        'CREATE TRIGGER "aa" AFTER INSERT ON parcels FOR EACH ROW EXECUTE FUNCTION meddle()'
    )
    sql.execute("INSERT INTO parcels VALUES (1), (13)")
    sql.execute("UPDATE parcels SET note = NULL")
    found = [(e["operation"], e["row"]["note"], e["row"]["version"]) for e in events()]
    assert found == [("INSERT", "a", 1), ("UPDATE", "a!", 2), ("UPDATE", "a", 3)]


def test_a_table_of_another_owner(
    sql: Sql, postgres: Postgres, database: Database, stranger: Database, events: Events
) -> None:
    """I1: with TRIGGER and SELECT granted, the stream's owner watches a table of another role."""
    sql.execute(f"GRANT CREATE ON SCHEMA public TO {stranger.user}".encode())
    with stranger.connect() as shop:
        shop.execute("CREATE TABLE parcels (id int PRIMARY KEY, note text)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="parcels"):
            sql.execute("SELECT watch_table('parcels')")
        shop.execute("GRANT TRIGGER, SELECT ON parcels TO orders WITH GRANT OPTION")
        shop.execute("GRANT INSERT, UPDATE, DELETE ON parcels TO orders WITH GRANT OPTION")
        sql.execute("SELECT watch_table('parcels')")
        postgres.load_schema(database)
        shop.execute("INSERT INTO parcels VALUES (1)")
        shop.execute("UPDATE parcels SET note = 'x'")
        shop.execute("ALTER TABLE parcels RENAME TO boxes")
        shop.execute("ALTER TABLE boxes ADD COLUMN n int DEFAULT 3")
        shop.execute("DELETE FROM boxes")
        found = [(e["table"], e["operation"]) for e in events()]
        assert found == [("parcels", "INSERT"), ("parcels", "UPDATE"), ("boxes", "DELETE")]
        shop.execute("DROP TABLE boxes")
    postgres.load_schema(database)
    states = sql.execute("SELECT * FROM order_trigger_states()").fetchall()
    assert [name for name, _ in states] == ["orders"]
    sql.execute(f"REVOKE ALL ON SCHEMA public FROM {stranger.user}".encode())
