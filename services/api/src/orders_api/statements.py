"""SQL statements about one table, composed from its description in the catalog.

Names come from the catalog and are quoted; values are always parameters. PostgreSQL renders each
row once. All results are text or of a fixed type, so a prepared statement stays valid when the
table's columns change.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from psycopg.sql import SQL, Composable, Composed

from orders_api.conditions import Conditions, Scope, Values, all_of, name, type_name
from orders_api.filters import MAX_LIMIT_INCLUDING, Selection
from orders_api.ordering import comes_after, order_of
from orders_api.preconditions import Precondition
from orders_api.rendering import (
    INCLUDED_ROWS,
    INCLUDED_ROWS_IN_LIST,
    PAGE_MAX_BYTES,
    Rendering,
    as_text,
)
from orders_contract.schema import Column, Table

_CACHED_STATEMENTS = 256
_SUGGESTED_FROM_ROWS = 10_000

_OF_BODY = SQL("%(row)s::json #> %(path)s::text[]")
# set_config() runs before the row's triggers, which read the actor. Its effect ends with the
# transaction, which is the statement itself in autocommit.
_ACTOR = SQL("WITH actor AS MATERIALIZED (SELECT set_config('orders.actor', %(actor)s, true)) ")


class Statements:
    """Returns statements about ``table``; see ``Conditions`` for the other arguments."""

    def __init__(
        self,
        table: Table,
        *,
        hashed_columns: Collection[str] = (),
        inexact_columns: Collection[str] = (),
        trigram_search: bool = False,
        partitioned: bool = False,
    ) -> None:
        self.table = table
        self.relation = name(table.namespace, table.relation)
        # ONLY leaves out the rows of tables that inherit from this one; rows of partitions count.
        self.rows = self.relation if partitioned else SQL("ONLY {}").format(self.relation)
        self.conditions = Conditions(
            table, hashed_columns, inexact_columns, trigram_search=trigram_search
        )
        self.row = Rendering(table, self.rows, self.conditions)
        self.insert = lru_cache(_CACHED_STATEMENTS)(self._insert)
        self.update = lru_cache(_CACHED_STATEMENTS)(self._update)

    # --- one row ---------------------------------------------------------------------------------

    def read(
        self, key: Iterable[str], scope: Scope, children: "Sequence[Statements]" = ()
    ) -> tuple[Composed, Values]:
        """Select a row with its children."""
        values: Values = {}
        conditions = self._visible(key, scope, values)
        lists = [child.row for child in children]
        rendered = self.row.with_children(lists, INCLUDED_ROWS, PAGE_MAX_BYTES, scope, values)
        statement = SQL("SELECT {}, {} FROM {} AS t WHERE {}").format(
            self.row.key_and_version(), rendered, self.rows, conditions
        )
        return statement, values

    def _insert(self, columns: tuple[str, ...], parent: str | None = None) -> bytes:
        """Insert the row of the body; the column named by ``parent`` gets the value %(parent)s."""
        names = [name(each) for each in columns]
        values = [name("r", each) for each in columns]
        sources = [SQL("actor"), self.record(columns)] if columns else [SQL("actor")]
        if parent is not None:
            names.append(name(parent))
            kind = type_name(self.table.columns[parent].type)
            values.append(SQL("CAST(%(parent)s AS {})").format(kind))
        if not names:
            # DEFAULT VALUES cannot come from a SELECT, so the actor cannot be set in the statement.
            statement = SQL("INSERT INTO {} AS t DEFAULT VALUES RETURNING {}").format(
                self.relation, self.row.result()
            )
        else:
            statement = _ACTOR + SQL(
                "INSERT INTO {} AS t ({}) SELECT {} FROM {} RETURNING {}"
            ).format(
                self.relation,
                SQL(", ").join(names),
                SQL(", ").join(values),
                SQL(", ").join(sources),
                self.row.result(),
            )
        return statement.as_bytes()

    def _update(self, columns: tuple[str, ...]) -> bytes:
        return (
            _ACTOR
            + SQL("UPDATE {} AS t SET {} FROM actor, {} WHERE ").format(
                self.rows, assigned(columns), self.record(columns)
            )
        ).as_bytes()

    def change(
        self, columns: tuple[str, ...], key: Iterable[str], expected: Precondition, scope: Scope
    ) -> tuple[bytes, Values]:
        """Update a row if it is visible and has an ``expected`` tag; %(row)s has the new values.

        PostgreSQL evaluates the conditions again after it has waited for another writer. Of two
        writers who expect the same version, only one succeeds.
        """
        values: Values = {}
        conditions = self._exactly(key, expected, scope, values)
        tail = SQL("{} RETURNING {}").format(conditions, self.row.result())
        return self.update(columns) + tail.as_bytes(), values

    def delete(
        self, key: Iterable[str], expected: Precondition, scope: Scope
    ) -> tuple[Composed, Values]:
        """Delete a row if it is visible and has an ``expected`` tag."""
        values: Values = {}
        conditions = self._exactly(key, expected, scope, values)
        return _ACTOR + SQL("DELETE FROM {} AS t USING actor WHERE {} RETURNING true").format(
            self.rows, conditions
        ), values

    def is_visible(
        self, key: Iterable[str], scope: Scope, parent: "Statements | None"
    ) -> tuple[Composed, Values]:
        """Select whether a row exists and is in scope, and its parent, if it has one, as well."""
        values: Values = {}
        has_key = self.conditions.has_key(key, values)
        return SQL("SELECT EXISTS (SELECT FROM {} AS t WHERE {})").format(
            self.rows, all_of([*has_key, *self.with_parent(scope, parent, values)])
        ), values

    def with_parent(
        self, scope: Scope, parent: "Statements | None", values: Values
    ) -> list[Composable]:
        """Return the conditions that a row is visible, and its parent, if it has one, as well."""
        conditions = [self.conditions.visible(scope, values)]
        if self.table.parent is not None and parent is not None:
            conditions.append(
                SQL(_HAS_VISIBLE_PARENT).format(
                    link=name("t", self.table.parent.column),
                    table=parent.rows,
                    key=name("t", parent.table.key[0]),
                    visible=parent.conditions.visible(scope, values),
                )
            )
        return conditions

    def record(self, columns: Iterable[str], source: Composable = _OF_BODY) -> Composed:
        """Return the expression that makes a JSON object a record ``r`` of some columns.

        Without ``source`` the object is the body's row: %(path)s in %(row)s, see
        ``Body.parameters``. PostgreSQL converts each value from its text in the body, so no digits
        are lost.
        """
        return SQL("json_to_record({}) AS r({})").format(
            source,
            SQL(", ").join(
                SQL("{} {}").format(name(each), type_name(self.table.columns[each].type))
                for each in columns
            ),
        )

    def converted(self) -> Composed:
        """Convert one value of the body's row to the type or domain of its column %(column)s.

        See ``Body.parameters`` for the row.
        """
        return SQL(
            "SELECT count(r) FROM json_populate_record("
            "NULL::{}, json_build_object(%(column)s::text, ({}) -> %(column)s::text)) AS r"
        ).format(self.relation, _OF_BODY)

    def _visible(self, key: Iterable[str], scope: Scope, values: Values) -> Composed:
        has_key = self.conditions.has_key(key, values)
        return all_of([*has_key, self.conditions.visible(scope, values)])

    def _exactly(
        self, key: Iterable[str], expected: Precondition, scope: Scope, values: Values
    ) -> Composed:
        conditions: list[Composable] = [self._visible(key, scope, values)]
        if expected.tags is not None:
            values["tags"] = list(expected.tags)
            conditions.append(
                SQL(_HAS_TAG).format(version=SQL("nullif({}, '')").format(self.row.version()))
            )
        return SQL(" AND ").join(conditions)

    # --- many rows -------------------------------------------------------------------------------

    def page(
        self, selection: Selection, scope: Scope, children: "Sequence[Statements]" = ()
    ) -> tuple[Composed, Values]:
        """Select a page and the position of the stream, in one statement and so in one snapshot.

        Sizes are determined without fetching large values, so rows beyond the size limit of a page
        are not rendered. A page has at least one row, whatever its size.
        """
        values: Values = {"limit": selection.limit, "max_bytes": PAGE_MAX_BYTES}
        sort = selection.sort
        conditions = self.conditions.of(selection, scope, values)
        if selection.after is not None:
            conditions.append(comes_after(selection.after, sort, self.conditions, values))
        lists = [child.row for child in children]
        sorted_by = [SQL(f"s{number}") for number in range(len(sort.terms))]
        size = PAGE_MAX_BYTES // MAX_LIMIT_INCLUDING
        order = order_of(sort, self.conditions)
        matching = SQL("{} AS t WHERE {}").format(self.rows, all_of(conditions))
        if selection.offset > 0:
            values["offset"] = selection.offset
            matching = SQL(_SKIPPING).format(
                keys=self.row.key_columns(),
                matching=matching,
                order=order,
                table=self.rows,
                same=self.row.same("behind"),
            )
        return SQL(_PAGE).format(
            columns=self.row.key_columns(),
            values=SQL("").join(
                SQL(", {} AS {}").format(self.conditions.ranked(term.column), alias)
                for term, alias in zip(sort.terms, sorted_by, strict=True)
            ),
            bytes=self.row.bytes(),
            table=self.rows,
            matching=matching,
            order=order,
            rendered=self.row.with_children(lists, INCLUDED_ROWS_IN_LIST, size, scope, values),
            same=self.row.same("page"),
            place=SQL(", ").join(
                SQL("{}::text").format(each) for each in [*sorted_by, *self.row.key_aliases()]
            ),
        ), values

    def export(
        self, selection: Selection, scope: Scope, columns: Iterable[Column]
    ) -> tuple[Composed, Composed, Values]:
        """Return two statements with their values: the sizes of all matching rows, and the rows.

        The rows have the given columns, as texts.
        """
        values: Values = {}
        rest = SQL("FROM {} AS t WHERE {} ORDER BY {}").format(
            self.rows,
            all_of(self.conditions.of(selection, scope, values)),
            order_of(selection.sort, self.conditions),
        )
        cells = SQL(", ").join(as_text(column) for column in columns)
        return (
            SQL("SELECT {} {}").format(self.row.bytes(), rest),
            SQL("SELECT {} {}").format(cells, rest),
            values,
        )

    def counted(
        self, selection: Selection, scope: Scope, columns: Composable, condition: Composable
    ) -> tuple[Composed, Values]:
        """Select columns of the matching rows as of the log's position, each row with a ``weight``.

        Clients continue the counts with the events after that position, so the counts must be exact
        at it. The table already has committed changes that are still in the outbox. These are
        subtracted: rows with weight -1 cancel new states, rows with weight 1 restore former ones.
        (While a TRUNCATE is in the outbox the counts are wrong, until its event sets them to zero.)
        """
        values: Values = {"table": self.table.name}
        return SQL(_COUNTED).format(
            columns=columns,
            table=self.rows,
            relation=self.relation,
            conditions=all_of([*self.conditions.of(selection, scope, values), condition]),
        ), values

    def values_of(
        self, column: Column, prefix: str, limit: int, scope: Scope
    ) -> tuple[Composed, Values]:
        """Select the distinct values of a text column that begin with ``prefix``.

        Only the newest rows are read, which limits the cost in large tables.
        """
        values: Values = {"prefix": prefix, "limit": limit, "rows": _SUGGESTED_FROM_ROWS}
        return SQL(_VALUES).format(
            value=name("t", column.name),
            table=self.rows,
            visible=self.conditions.visible(scope, values),
            newest=SQL(", ").join(
                SQL("{} DESC").format(name("t", each)) for each in self.table.key
            ),
        ), values


def assigned(columns: Iterable[str]) -> Composed:
    """Return the assignments after ``SET`` that give columns the values of a ``record``."""
    return SQL(", ").join(SQL("{} = {}").format(name(each), name("r", each)) for each in columns)


_PAGE = """
    WITH found AS MATERIALIZED (
        SELECT {columns}{values}, {bytes} AS bytes
          FROM {matching} ORDER BY {order} LIMIT %(limit)s::bigint + 1
    ), measured AS (
        SELECT *, row_number() OVER so_far AS number, sum(bytes) OVER so_far - bytes AS bytes_before
          FROM found WINDOW so_far AS (ROWS UNBOUNDED PRECEDING)
    ), page AS (
        SELECT * FROM measured WHERE number <= %(limit)s AND bytes_before < %(max_bytes)s
    )
    SELECT order_stream.id::text,
           (SELECT coalesce(max(position), 0) FROM order_events),
           (SELECT '[' || coalesce(string_agg({rendered}, ',' ORDER BY page.number), '') || ']'
              FROM {table} AS t JOIN page ON {same}),
           CASE WHEN (SELECT count(*) FROM page) < (SELECT count(*) FROM found)
                THEN (SELECT ARRAY[{place}] FROM page ORDER BY number DESC LIMIT 1) END
      FROM order_stream
"""

# Of the rows before the page only the keys are read, from an index if one has this order.
_SKIPPING = """
    (SELECT {keys} FROM {matching} ORDER BY {order}
     LIMIT %(limit)s::bigint + 1 OFFSET %(offset)s) AS behind
    JOIN {table} AS t ON {same}
"""

# starts_with() needs no escaping, unlike LIKE. Values of more than 400 bytes are not suggested.
_VALUES = """
    WITH recent AS MATERIALIZED (
        SELECT {value} AS value FROM {table} AS t
         WHERE {visible} ORDER BY {newest} LIMIT %(rows)s
    ), found AS (
        SELECT value::text COLLATE "C" AS value, count(*) AS uses FROM recent
         WHERE octet_length(value::text) BETWEEN 1 AND 400 GROUP BY 1
    ), listed AS (
        SELECT * FROM found
         WHERE starts_with(order_search_text(value), order_search_text(%(prefix)s::text))
         ORDER BY uses DESC, value LIMIT %(limit)s
    )
    SELECT coalesce(json_agg(value ORDER BY uses DESC, value), '[]')::text FROM listed
"""

_HAS_VISIBLE_PARENT = """
    ({link} IS NULL OR EXISTS (
        SELECT FROM (SELECT {link} AS parent) AS child JOIN {table} AS t ON {key} = child.parent
         WHERE {visible}))
"""

# The tag may be that of ``records.StoredRow``, or the version alone.
_HAS_TAG = """
    ({version} = ANY (%(tags)s)
     OR concat({version} || '.', left(md5(convert_to(to_json(t.*)::text, 'UTF8')), 16))
        = ANY (%(tags)s))
"""

_COUNTED = """
    SELECT {columns}, 1 AS weight FROM {table} AS t WHERE {conditions}
    UNION ALL
    SELECT {columns}, -1
      FROM order_outbox AS entry,
           json_populate_record(NULL::{relation}, entry."row") AS t
     WHERE entry."table" = %(table)s AND entry."row" IS NOT NULL AND {conditions}
    UNION ALL
    SELECT {columns}, 1
      FROM order_outbox AS entry,
           json_populate_record(
               json_populate_record(NULL::{relation}, entry."row"), entry.changed) AS t
     WHERE entry."table" = %(table)s AND entry.changed IS NOT NULL AND {conditions}
"""
