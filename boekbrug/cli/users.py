"""`boekbrug user …`: who may use the dashboard."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer
from pydantic import SecretStr

from boekbrug.cli._output import out, print_json, print_table
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.users import Role
from boekbrug.store import audit, passwords, tenants, users
from tasks.runtime import runtime

app = typer.Typer(help="Users of the dashboard.", no_args_is_help=True)
Email = Annotated[str, typer.Argument(help="E-mail address of the user.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.command("add")
def add(
    email: Email,
    tenant: Annotated[list[str], typer.Option("--tenant", help="Slug of a tenant; may be given several times.")],
    role: Annotated[Role, typer.Option("--role", help="What the user is to these tenants.")] = Role.SHOPKEEPER,
    password_stdin: FromStdin = False,
) -> None:
    """Invite somebody: prints a link per tenant, which works once and for a week.

    With --password-stdin the user is made at once. Doing it again gives the user another role.
    """
    who = getpass.getuser()
    password = _read_password() if password_stdin else None
    kept = passwords.hash_password(password) if password else ""
    with runtime() as run:
        now = run.clock.now()
        with run.database.write() as session:
            owners = [tenants.tenant_by_slug(session, slug) for slug in dict.fromkeys(tenant)]
            links = []
            for owner in owners:
                after = {"role": role.value}
                if password is None:
                    token = users.invite(session, owner.id, email, role, who=who, now=now)
                    links.append(f"{owner.slug}: {run.settings.public_url}/invitation/{token}")
                else:
                    user = users.add_user(session, email, language=owner.language, now=now)
                    users.admit(session, owner.id, user.id, role)
                    users.set_password(session, user.id, kept)
                action = "invite" if password is None else "add user"
                audit.note(session, owner.id, now, who=who, action=action, subject=email, after=after)
    for link in links:
        out.print(link, markup=False, highlight=False, soft_wrap=True)
    if not links:
        out.print(f"{email} can sign in at {run.settings.public_url}", markup=False, highlight=False, soft_wrap=True)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List the users with what they are to which tenant."""
    with runtime() as run, run.database.read() as session:
        found = users.list_users(session)
    rows = [
        {
            "email": user.email,
            "disabled": user.is_disabled,
            "tenants": {one.tenant.slug: one.role.value for one in memberships},
        }
        for user, memberships in found
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "Users",
        ("user", "", "tenants"),
        (
            (
                user.email,
                "disabled" if user.is_disabled else "",
                "\n".join(f"{one.tenant.slug}: {one.role.value}" for one in memberships),
            )
            for user, memberships in found
        ),
    )


@app.command("disable")
def disable(
    email: Email, again: Annotated[bool, typer.Option("--undo", help="The user may sign in again.")] = False
) -> None:
    """Sign a user out everywhere, for as long as it takes; nothing of what they did is lost."""
    with runtime() as run, run.database.write() as session:
        user = users.user_by_email(session, email)
        users.disable(session, user.id, disabled=not again)
        action = "enable user" if again else "disable user"
        audit.note(session, None, run.clock.now(), who=getpass.getuser(), action=action, subject=user.email)
    out.print(f"{user.email} {'may sign in again' if again else 'can no longer sign in'}.", markup=False)


@app.command("password")
def password(email: Email, password_stdin: FromStdin = False) -> None:
    """Set a user's password, and sign them out everywhere."""
    chosen = _read_password() if password_stdin else SecretStr(typer.prompt("Password", hide_input=True))
    kept = passwords.hash_password(chosen)
    with runtime() as run, run.database.write() as session:
        user = users.user_by_email(session, email)
        users.set_password(session, user.id, kept)
        audit.note(session, None, run.clock.now(), who=getpass.getuser(), action="set password", subject=user.email)
    out.print(f"{user.email} has a new password.", markup=False)


def _read_password() -> SecretStr:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise SettingsInvalid("there is no password on standard input")
    return SecretStr(line)
