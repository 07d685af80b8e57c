"""Django as a writer: its ORM and a migration, with the settings of docs/orms.md."""

from collections.abc import Iterator

import django
import pytest
from django.conf import settings
from django.db import connection, connections, models, transaction
from django.db.migrations import AddField, CreateModel, Migration
from django.db.migrations.state import ProjectState
from django.db.models import F
from django.db.models.functions import Now

from harness.pipeline import Pipeline
from harness.redis_log import events
from harness.servers import Database

settings.configure(USE_TZ=True, DATABASES={"default": {"ENGINE": "django.db.backends.postgresql"}})
django.setup()


class Order(models.Model):  # type: ignore[misc]
    """An order. PostgreSQL maintains version and updated_at."""

    id = models.BigAutoField(primary_key=True)
    customer_name = models.TextField()
    product_name = models.TextField()
    quantity = models.IntegerField(db_default=1)
    status = models.TextField(db_default="pending")
    version = models.IntegerField(db_default=1)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        """The table is not Django's."""

        app_label = "shop"
        db_table = "orders"
        managed = False

    def __str__(self) -> str:
        """Show the number."""
        return str(self.pk)


@pytest.fixture(autouse=True)
def _connected(database: Database) -> Iterator[None]:
    """Connect Django to a fresh database."""
    connection.settings_dict.update(
        HOST=database.host,
        PORT=database.port,
        NAME=database.name,
        USER=database.user,
        PASSWORD=database.password,
    )
    yield
    connections.close_all()


def test_every_change_arrives(pipeline: Pipeline) -> None:
    """I1: bulk_create with the keys returned, save, update and delete become events."""
    pipeline.listener().ready()
    many = Order.objects.bulk_create(
        [Order(customer_name=f"c{number}", product_name="Laptop") for number in range(50)]
    )
    assert all(each.pk for each in many)
    many[0].quantity = 5
    many[0].save(update_fields=["quantity"])
    with transaction.atomic():
        Order.objects.filter(pk=many[1].pk).update(status="cancelled")
        many[2].delete()
    arrived = events(pipeline, 53)
    assert [event["operation"] for event in arrived[50:]] == ["UPDATE", "UPDATE", "DELETE"]
    assert arrived[50]["order"]["version"] == 2


def test_a_stale_object_is_refused() -> None:
    """Optimistic locking by version: an update filtered by the version read changes no row."""
    mine = Order.objects.create(customer_name="Ada", product_name="Laptop")
    mine.refresh_from_db()

    def change(version: int) -> int:
        found = Order.objects.filter(pk=mine.pk, version=version)
        return int(found.update(quantity=F("quantity") + 1))

    assert [change(mine.version), change(mine.version)] == [1, 0]
    assert change(mine.version + 1) == 1


def test_a_migration_adds_a_column_while_the_stream_runs(pipeline: Pipeline) -> None:
    """I10: AddField on a watched table; events have the column, and none is lost."""
    pipeline.listener().ready()
    Order.objects.create(customer_name="Ada", product_name="Laptop")
    state = ProjectState()
    CreateModel(
        "order", [("id", models.BigAutoField(primary_key=True))], {"db_table": "orders"}
    ).state_forwards("shop", state)  # the table is there already
    migration = Migration("0002_order_store", "shop")
    migration.operations = [AddField("order", "store", models.TextField(db_default="Berlin"))]
    with connection.schema_editor(atomic=True) as editor:
        migration.apply(state, editor)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET store = 'Hamburg'")
    before, after = events(pipeline, 2)
    assert "store" not in before["order"]
    assert (after["order"]["store"], after["changed"]) == ("Hamburg", {"store": "Berlin"})
