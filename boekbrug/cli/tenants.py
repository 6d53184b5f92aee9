"""`boekbrug tenant …`: tenants as YAML files in and out."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import SecretStr, ValidationError

from boekbrug.cli._output import out, print_json, print_table
from boekbrug.domain.errors import ConnectionBroken, RetryLater, SettingsInvalid
from boekbrug.domain.tenants import TenantConfig
from boekbrug.store import credentials, tenants
from connectors import Capability, Connector, TargetSettings, Unmetered
from connectors.registry import connector_type, open_connector, read_credentials, read_settings, same_books
from tasks import rules
from tasks.configuring import taken_numbers
from tasks.route_work import check_reserve
from tasks.runtime import Runtime, runtime

app = typer.Typer(help="Tenants, their connections, routes and mapping rules.", no_args_is_help=True)


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="YAML files, one tenant each; - for standard input.")],
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Compare the rules with what the systems let one choose.")
    ] = True,
) -> None:
    """Create or update tenants from YAML. Credentials are given as env:NAME and sealed in the database.

    What is no longer in the file is switched off, not removed. A file is taken whole or not at all, in the order given;
    after one that is refused none is taken. The file's form: docs/tenant.schema.json.
    """
    configs = [_read(path) for path in files]
    with runtime() as run:
        for at, (path, config) in enumerate(zip(files, configs, strict=True)):
            try:
                if check:
                    for problem in _rule_problems(run, config, str(path)):
                        out.print(f"{config.slug}: {problem}", style="yellow", markup=False, highlight=False)
                known = _prefixes(run, config.slug)
                _keep(run, config, str(path))
            except SettingsInvalid as problem:
                raise _partly(problem, taken=files[:at], left=files[at:]) from None
            if check:
                for told in _taken_numbers(run, config.slug, known):
                    out.print(f"{config.slug}: {told}", style="yellow", markup=False, highlight=False)
            else:
                out.print(f"{config.slug}: rules were not compared with the systems", markup=False)
            out.print(
                f"{config.slug}: {len(config.connections)} connections, {len(config.routes)} routes", markup=False
            )


def _partly(problem: SettingsInvalid, *, taken: list[Path], left: list[Path]) -> SettingsInvalid:
    """The problem, and of several files which were taken."""
    if len(taken) + len(left) == 1:
        return problem
    told = f"taken: {', '.join(map(str, taken)) or 'none'}; not taken: {', '.join(map(str, left))}"
    return SettingsInvalid(f"{left[0]}: {problem.message}\n{told}")


def _read(path: Path) -> TenantConfig:
    try:
        text = typer.get_text_stream("stdin").read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsInvalid(f"{path}: cannot be read: {error.strerror}") from None
    try:
        loaded: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsInvalid(f"{path}: not YAML{where}: {getattr(error, 'problem', error)}") from None
    try:
        return TenantConfig.model_validate(loaded)
    except ValidationError as error:
        problems = "\n".join(
            f"  {'.'.join(str(part) for part in one['loc']) or 'file'}: {one['msg']}" for one in error.errors()
        )
        raise SettingsInvalid(f"{path}: {error.error_count()} mistakes:\n{problems}") from None


def _keep(run: Runtime, config: TenantConfig, origin: str) -> None:
    """Everything of one file or nothing: a wrong setting or missing variable leaves the tenant as it was."""
    now = run.clock.now()
    with run.database.write() as session:
        tenant = tenants.import_tenant(session, config, who=getpass.getuser(), now=now, same_books=same_books)
        for wanted in config.connections:
            row = tenants.connection_by_slug(session, tenant.id, wanted.slug)
            if wanted.credentials:
                values = {name: _from_environment(ref, origin) for name, ref in wanted.credentials.items()}
                credentials.save_credentials(session, run.sealing_key, tenant.id, row.id, values)
                tenants.resume_connection(session, tenant.id, row.id)
            kept = credentials.read_credentials(session, run.sealing_key, tenant.id, row.id)
            try:
                read_settings(wanted.system, wanted.settings)
                read_credentials(wanted.system, kept)
            except SettingsInvalid as problem:
                raise SettingsInvalid(f"{origin}: connection {wanted.slug!r}: {problem.message}") from None
        for route in tenants.list_routes(session, tenant.id):
            target = read_settings(route.target.system, route.target.settings)
            if isinstance(target, TargetSettings):
                check_reserve(route.slug, route.policy, target)
        overlaps = rules.number_problems(run, session, tenant.id)
    if overlaps:
        raise SettingsInvalid(f"{origin}: " + "; ".join(f"{f.sentence()} {f.suggestion()}" for f in overlaps))


def _rule_problems(run: Runtime, config: TenantConfig, origin: str) -> list[str]:
    """Compares the rules of every route that is switched on with what its systems let one choose.

    Raises SettingsInvalid for rules that are wrong; returns what is worth a warning, and why a route could not be
    compared: a system that is away keeps nobody from importing.
    """
    told: list[str] = []
    systems = {one.slug: one.system for one in config.connections}
    for route in config.routes:
        told_lines = Capability.LEDGER_TARGET in connector_type(systems[route.target]).capabilities
        if not route.enabled or not told_lines:
            continue
        try:
            with (
                _opened(run, config, route.source, origin) as source,
                _opened(run, config, route.target, origin) as target,
            ):
                found = rules.rule_problems(run, route, source, target)
        except (RetryLater, ConnectionBroken) as problem:
            told.append(f"the rules of route {route.slug} were not compared: {problem.message}")
            continue
        wrong = [f"  {f.sentence()} {f.suggestion()}" for f in found if f.blocks]
        if wrong:
            raise SettingsInvalid(f"{origin}: route {route.slug!r} has wrong rules:\n" + "\n".join(wrong))
        told += [f"route {route.slug}: {f.sentence()} {f.suggestion()}" for f in found]
    return told


def _prefixes(run: Runtime, slug: str) -> dict[str, str]:
    """What the tenant's routes that are switched on put before their invoice numbers; {} for a new tenant."""
    with run.database.read() as session:
        if slug not in [tenant.slug for tenant in tenants.list_tenants(session)]:
            return {}
        routes = tenants.list_routes(session, tenants.tenant_by_slug(session, slug).id)
    return {route.slug: route.policy.number_prefix for route in routes if route.enabled}


def _taken_numbers(run: Runtime, slug: str, known: Mapping[str, str]) -> Iterator[str]:
    """Of routes that were switched on or got another prefix: numbers like theirs that the books hold already."""
    with run.database.read() as session:
        routes = tenants.list_routes(session, tenants.tenant_by_slug(session, slug).id)
    for route in routes:
        if route.enabled and known.get(route.slug) != route.policy.number_prefix:
            yield from (f"route {route.slug}: {f.sentence()} {f.suggestion()}" for f in taken_numbers(run, route))


def _opened(run: Runtime, config: TenantConfig, slug: str, origin: str) -> Connector:
    """The connection as the file has it, before anything of it is kept. Its few calls are counted nowhere."""
    wanted = next(one for one in config.connections if one.slug == slug)
    values = {name: _from_environment(ref, origin) for name, ref in wanted.credentials.items()}
    if not values:
        with run.database.read() as session:
            owner = tenants.tenant_by_slug(session, config.slug)
            kept = tenants.connection_by_slug(session, owner.id, slug)
            values = credentials.read_credentials(session, run.sealing_key, owner.id, kept.id)
    return open_connector(wanted.system, wanted.settings, values, Unmetered())


def _from_environment(reference: str, origin: str) -> SecretStr:
    name = reference.removeprefix("env:")
    value = os.environ.get(name)
    if not value:
        raise SettingsInvalid(f"{origin}: the environment variable {name} is not set")
    return SecretStr(value)


@app.command("export")
def export(tenant: Annotated[str, typer.Argument(help="Slug of the tenant.")]) -> None:
    """Print a tenant as YAML, without credentials: importing it keeps those that are there."""
    with runtime() as run, run.database.read() as session:
        config = tenants.export_tenant(session, tenants.tenant_by_slug(session, tenant).id)
    typer.echo(yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True))


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List the tenants with their routes."""
    with runtime() as run, run.database.read() as session:
        found = [(tenant, tenants.list_routes(session, tenant.id)) for tenant in tenants.list_tenants(session)]
    if as_json:
        print_json(
            [
                {
                    "tenant": tenant.slug,
                    "name": tenant.name,
                    "time_zone": tenant.time_zone,
                    "routes": [
                        {
                            "route": route.slug,
                            "source": route.source.system,
                            "target": route.target.system,
                            "enabled": route.enabled,
                            "schedule": route.schedule,
                        }
                        for route in routes
                    ],
                }
                for tenant, routes in found
            ]
        )
        return
    print_table(
        "Tenants",
        ("tenant", "name", "route", "from → to", "schedule", "on"),
        (
            (
                tenant.slug,
                tenant.name,
                route.slug,
                f"{route.source.system} → {route.target.system}",
                f"{route.schedule} ({tenant.time_zone})",
                "yes" if route.enabled else "no",
            )
            for tenant, routes in found
            for route in routes
        ),
    )
