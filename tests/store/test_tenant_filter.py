import pytest
from sqlalchemy import delete, or_, text, update
from sqlmodel import col, select

from boekbrug.store.database import ACROSS_TENANTS, Database
from boekbrug.store.tables import ConnectionRow, RecordRow, RouteRow, Table
from tests.store.tenant_filter import UnfilteredError

UNFILTERED = {
    "all rows": select(RecordRow),
    "by id": select(RecordRow).where(RecordRow.id == 1),
    "another table's tenant": select(RecordRow.id).where(RouteRow.tenant_id == 1),
    "joined without its tenant": select(RecordRow.id)
    .join(RouteRow, col(RouteRow.id) == RecordRow.route_id)
    .where(RecordRow.tenant_id == 1),
    "or": select(RecordRow).where(or_(col(RecordRow.tenant_id) == 1, col(RecordRow.id) == 1)),
    "not equal": select(RecordRow).where(RecordRow.tenant_id != 1),
    "in a sub-query": select(RouteRow.id)
    .where(RouteRow.tenant_id == 1)
    .where(col(RouteRow.id).in_(select(RecordRow.route_id))),
    "update": update(ConnectionRow).values(reason="x"),
    "delete": delete(ConnectionRow).where(col(ConnectionRow.id) == 1),
    "by hand": text("SELECT 1"),
}
FILTERED = {
    "by tenant": select(RecordRow).where(RecordRow.tenant_id == 1, RecordRow.id == 1),
    "and": select(RecordRow).where((col(RecordRow.tenant_id) == 1) & (col(RecordRow.id) == 1)),
    "joined over the tenant": select(RecordRow.id)
    .join(RouteRow, (col(RouteRow.id) == RecordRow.route_id) & (col(RouteRow.tenant_id) == RecordRow.tenant_id))
    .where(RecordRow.tenant_id == 1),
    "update": update(ConnectionRow).where(col(ConnectionRow.tenant_id) == 1).values(reason="x"),
    "a named exception": select(RecordRow).execution_options(**ACROSS_TENANTS),
}


@pytest.mark.parametrize("name", UNFILTERED)
def test_a_statement_that_does_not_name_its_tenant_is_refused(database: Database, name: str) -> None:
    with pytest.raises(UnfilteredError), database.write() as session:
        session.connection().execute(UNFILTERED[name])


@pytest.mark.parametrize("name", FILTERED)
def test_a_statement_that_names_its_tenant_is_let_through(database: Database, name: str) -> None:
    with database.write() as session:
        session.connection().execute(FILTERED[name])


def test_every_table_but_the_tenants_own_the_accounts_and_the_users_names_the_tenant() -> None:
    without = {name for name, table in Table.metadata.tables.items() if "tenant_id" not in table.c}
    of_accounts = {"account", "debtor_link"}
    of_users = {"dashboard_user", "user_session", "login_attempt"}
    of_users |= {"notification", "notification_address", "notification_choice"}
    assert without == {"tenant"} | of_accounts | of_users
