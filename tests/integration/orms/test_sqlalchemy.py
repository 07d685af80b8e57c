"""SQLAlchemy 2 and Alembic as writers: the settings of docs/orms.md work."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    FetchedValue,
    Numeric,
    create_engine,
    insert,
    text,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from harness.pipeline import Pipeline
from harness.redis_log import events
from harness.servers import Database


class Base(DeclarativeBase):
    """The base of all models."""


class Order(Base):
    """An order. PostgreSQL maintains version and updated_at; SQLAlchemy reads them back."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    customer_name: Mapped[str]
    product_name: Mapped[str]
    quantity: Mapped[int] = mapped_column(server_default=FetchedValue())
    status: Mapped[str] = mapped_column(server_default=FetchedValue())
    version: Mapped[int] = mapped_column(
        server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    updated_at: Mapped[datetime] = mapped_column(
        server_default=FetchedValue(), server_onupdate=FetchedValue()
    )

    __mapper_args__ = {  # noqa: RUF012  SQLAlchemy's own form
        "version_id_col": version,
        "version_id_generator": False,
        "eager_defaults": True,
    }


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """Connect SQLAlchemy to a fresh database."""
    created = create_engine(database.url.replace("postgresql:", "postgresql+psycopg:", 1))
    yield created
    created.dispose()


def order(name: str) -> dict[str, str]:
    return {"customer_name": name, "product_name": "Laptop"}


def test_every_change_arrives(pipeline: Pipeline, engine: Engine) -> None:
    """I1: bulk inserts with RETURNING, changes and deletes of a session become events."""
    pipeline.listener().ready()
    with Session(engine) as session:
        ids = session.scalars(
            insert(Order).returning(Order.id), [order(f"c{number}") for number in range(50)]
        ).all()
        session.commit()
        first = session.get_one(Order, ids[0])
        first.quantity = 5
        session.execute(update(Order).where(Order.id == ids[1]).values(status="cancelled"))
        session.delete(session.get_one(Order, ids[2]))
        session.commit()
        assert first.version == 2
    arrived = events(pipeline, 53)
    assert [event["order_id"] for event in arrived[:50]] == list(ids)
    changes = {(event["operation"], event["order_id"]) for event in arrived[50:]}
    assert changes == {("UPDATE", ids[0]), ("UPDATE", ids[1]), ("DELETE", ids[2])}


def test_a_stale_object_is_refused(engine: Engine) -> None:
    """Optimistic locking by version: the second of two writers gets StaleDataError."""
    with Session(engine) as one, Session(engine) as other:
        one.add(mine := Order(**order("Ada")))
        one.commit()
        theirs = other.get_one(Order, mine.id)
        mine.quantity = 2
        one.commit()
        theirs.quantity = 3
        with pytest.raises(StaleDataError):
            other.commit()


def test_a_change_of_nothing_does_not_make_an_object_stale(engine: Engine) -> None:
    """After an UPDATE that changes nothing, which keeps the version, the next one is accepted."""
    with Session(engine) as session:
        session.add(mine := Order(**order("Ada")))
        session.commit()
        with engine.begin() as connection:  # makes the session's next UPDATE one of nothing
            connection.execute(text("ALTER TABLE orders ALTER quantity TYPE numeric(9, 0)"))
        mine.quantity = 1.2  # type: ignore[assignment]
        # PostgreSQL rounds it to what is there.
        session.commit()
        assert mine.version == 1
        mine.quantity = 4
        session.commit()
        assert mine.version == 2


def test_alembic_adds_a_column_while_the_stream_runs(pipeline: Pipeline, engine: Engine) -> None:
    """I10: a migration adds a column to a watched table; events have it, and none is lost."""
    pipeline.listener().ready()
    with Session(engine) as session:
        session.add(Order(**order("before")))
        session.commit()
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        operations.add_column("orders", Column("total", Numeric(12, 2)))
        operations.create_index("orders_total", "orders", ["total"])
    with engine.begin() as connection:
        connection.execute(text("UPDATE orders SET total = 12.50"))
    before, after = events(pipeline, 2)
    assert "total" not in before["order"]
    assert (after["order"]["total"], after["changed"]) == (12.5, {"total": None})
