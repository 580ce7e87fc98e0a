"""`basalt ...`: thin; what it does is in `basalt.operations`."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from basalt import cli_backup, cli_database, cli_drain, cli_engines, cli_keepsakes, cli_off_site
from basalt.checklist.row import exit_code, summary
from basalt.checklist.table import table as checklist_table
from basalt.collect import pictures
from basalt.collect.cost import Estimate, estimate
from basalt.collect.prices import price_list, providers
from basalt.operations import hosts as machines
from basalt.operations import login, overview
from basalt.operations import logs as lines
from basalt.operations import sla as account
from basalt.operations import status as condition
from basalt.operations import up as operation
from basalt.operations.environment import ROOT
from basalt.operations.off_site import store as off_site
from basalt.operations.off_site.bundle import BundleError
from basalt.plan import survey
from basalt.terminal import AsJson, Stack, Yes, console, errors, say, table, told
from basalt.topology.load import load_stack
from basalt.topology.model import Topology

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A production topology from one stack file.")


@app.command()
def up(stack: Stack, yes: Yes = False) -> None:
    """Build what is missing, then `pulumi up`. Stacks other than dev and test show a preview and ask first."""
    with told():
        topology = load_stack(ROOT, stack)
        ask = not (yes or topology.environment.tolerates_one_host)
        operation.up(stack, say, ask=ask)
        if off_site.keeps(topology):
            _keep(topology)
        table("What to open", ("what", "where", "how to log in"), login.rows(topology))


def _keep(topology: Topology) -> None:
    """The stack is up, whether its bucket can be reached or not; that it cannot is told."""
    try:
        off_site.store(topology, say)
    except BundleError as error:
        errors.print(f"the stack is up, but {error}", style="red", markup=False, highlight=False)


@app.command()
def down(
    stack: Stack,
    data: Annotated[str, typer.Option(help="`delete` removes the volumes too; anything else keeps them.")] = "keep",
    orphans: Annotated[bool, typer.Option(help="Also containers that this clone's state does not know.")] = False,
    yes: Yes = False,
) -> None:
    """Remove the stack's containers, networks and files. Data stays unless you say `--data delete`."""
    with told():
        topology = load_stack(ROOT, stack)
        deletes = data == "delete"
        if deletes and not yes:
            typer.confirm(f"Delete ALL data of stack {stack}? It cannot be undone", abort=True)
        elif not yes and not topology.environment.tolerates_one_host:
            typer.confirm(f"Stop everything that stack {stack} runs?", abort=True)
        operation.down(stack, say, data=deletes, orphans=orphans)


@app.command()
def images(stack: Stack) -> None:
    """Build the stack's images and bring them to its engines."""
    with told():
        operation.images(stack, say)


@app.command()
def plan(stack: Stack, as_json: AsJson = False) -> None:
    """Show what a stack file means: instances, hosts, addresses, limits. Touches nothing."""
    with told():
        topology = load_stack(ROOT, stack)
        rows = overview.rows(topology)
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        table(f"Stack {stack}", overview.HEAD, [tuple(str(row[key]) for key in overview.HEAD) for row in rows])
        for note in overview.notes(topology):
            say(note)


@app.command()
def status(stack: Stack, as_json: AsJson = False) -> None:
    """What a stack is doing now. Exits with 2 when a container is not healthy or a critical alert fires."""
    with told():
        found = condition.look(load_stack(ROOT, stack))
    if as_json:
        print(json.dumps({**dataclasses.asdict(found), "well": found.well}, indent=2))
    else:
        _condition(stack, found)
    sys.exit(0 if found.well else 2)


def _condition(stack: str, found: condition.Status) -> None:
    rows = [(line.service, line.title, line.told) for line in found.lines]
    table(f"Stack {stack}", ("service", "what", "now"), rows)
    say(f"{found.lasting - len(found.sick)} of {found.lasting} containers are healthy")
    for name, state in found.sick.items():
        errors.print(f"{name} is {state}", style="red", markup=False, highlight=False)
    for alert in found.alerts:
        style = "red" if alert.severity == "critical" else "yellow"
        errors.print(f"{alert.severity}: {alert.name} {alert.subject}", style=style, markup=False, highlight=False)


@app.command()
def check(
    stack: Stack,
    drift: Annotated[bool, typer.Option("--drift", help="Also whether an up would change anything; slow.")] = False,
    as_json: AsJson = False,
) -> None:
    """The production checklist, measured. Exits with 2 when a row fails, 1 when one could not be measured."""
    # What it measures with is needed by no other command.
    from basalt.operations import check as checklist

    with told():
        found = checklist.check(load_stack(ROOT, stack), drift=drift)
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in found], indent=2))
    else:
        console.print(checklist_table(stack, found))
        say(", ".join(summary(found)))
    sys.exit(exit_code(found))


@app.command()
def sla(
    stack: Stack,
    month: Annotated[bool, typer.Option("--month", help="Only by month.")] = False,
    week: Annotated[bool, typer.Option("--week", help="Only by week.")] = False,
    as_json: AsJson = False,
) -> None:
    """How well the public routes were served, by week and month: uptime, incidents, and times as h:mm:ss."""
    with told():
        found = account.read(load_stack(ROOT, stack))
    kinds = [kind for kind, only in (("months", month), ("weeks", week)) if only or not (month or week)]
    if as_json:
        left = {"months", "weeks"} - set(kinds)
        print(json.dumps({key: value for key, value in found.items() if key not in left}, indent=2))
        return
    for kind in kinds:
        rows = [dataclasses.astuple(line) for line in account.lines(found, kind)]
        table(f"Stack {stack}: {kind}", tuple(one.name for one in dataclasses.fields(account.Line)), rows)


@app.command()
def logs(  # noqa: PLR0913, PLR0917  options of a command line
    stack: Stack,
    words: Annotated[str, typer.Argument(metavar="[QUERY]", help="What to look for, in LogsQL: a word is one.")] = "",
    service: Annotated[str, typer.Option(help="Only lines of this service.")] = "",
    since: Annotated[str, typer.Option(help="How far back: 30s, 10m, 2h, 1d.")] = "10m",
    request_id: Annotated[str, typer.Option(help="Only lines of this request, whoever wrote them.")] = "",
    level: Annotated[str, typer.Option(help="fatal, error, warning, info or debug.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the last ones.")] = 200,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search what the stack's containers wrote."""
    question = lines.Question(since, service, request_id, level, words, limit)
    with told():
        topology = load_stack(ROOT, stack)
        for entry in (lines.follow if follow else lines.search)(topology, question):
            # Not by the console: it would wrap and colour.
            print(json.dumps(entry) if as_json else lines.told(entry), flush=follow)


@app.command()
def cost(
    stack: Stack,
    provider: Annotated[str | None, typer.Option(help="Whose list prices; without it, all are compared.")] = None,
    dedicated: Annotated[bool, typer.Option(help="Only machine types with cores of their own.")] = False,
    as_json: AsJson = False,
) -> None:
    """Estimate what a stack's hosts cost in a month, from list prices. Touches nothing."""
    with told():
        topology = load_stack(ROOT, stack)
        chosen = [provider] if provider else providers()
        found = [estimate(topology, price_list(name), dedicated=dedicated) for name in chosen]
    if as_json:
        print(json.dumps([{**dataclasses.asdict(one), "total": one.total} for one in found], indent=2))
    elif provider:
        _bill(stack, found[0])
    else:
        rows = [(one.provider, f"{one.total:.2f} {one.currency}", one.read) for one in found]
        table(f"Stack {stack}: a month", ("provider", "total", "list prices of"), rows)


def _bill(stack: str, found: Estimate) -> None:
    rows = [(item.what, item.how, f"{item.month:.2f}") for item in found.items]
    rows.append(("total", "", f"{found.total:.2f}"))
    table(f"Stack {stack} at {found.provider}", ("what", "as", f"{found.currency} a month"), rows)
    say(f"list prices of {found.read}: {found.source}")
    for missing in found.not_counted:
        say(f"not counted: {missing}")


@app.command()
def catalogue(stack: Stack = "dev") -> None:
    """Print everything that basalt has, as Markdown: services, settings, workloads, alerts, checks. Touches nothing."""
    # It draws dashboards too, and their library takes as long to load as half of all else.
    from basalt.collect.catalogue import catalogue as written

    with told():
        print(written(survey(load_stack(ROOT, stack))), end="")


@app.command()
def picture(
    stack: Stack,
    hosts: Annotated[bool, typer.Option("--hosts", help="What stands where, in place of who uses what.")] = False,
) -> None:
    """Draw a stack out of its plan, as Mermaid. Touches nothing."""
    with told():
        site = survey(load_stack(ROOT, stack))
    print(pictures.hosts(site) if hosts else pictures.links(site))


@app.command()
def urls(stack: Stack, as_json: AsJson = False) -> None:
    """What to open, and how to log in."""
    with told():
        rows = login.rows(load_stack(ROOT, stack))
    if as_json:
        print(json.dumps([{"what": what, "url": url, "login": how} for what, url, how in rows], indent=2))
    else:
        table("What to open", ("what", "where", "how to log in"), rows)


@app.command()
def secret(stack: Stack, name: str) -> None:
    """Print one secret of a stack, for instance `app/demo`."""
    with told():
        print(login.secret(stack, name))


@app.command()
def authority(stack: Stack) -> None:
    """Print the certificate that clients of the stack have to trust."""
    with told():
        print(login.authority(stack), end="")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def hosts(
    context: typer.Context,
    playbook: Annotated[str, typer.Argument(help=f"One of {', '.join(machines.playbooks())}.")],
    stack: Stack,
) -> None:
    """Run a playbook over a stack's hosts. Other options are ansible-playbook's: --check, --diff, --limit, --tags."""
    with told():
        machines.play(stack, playbook, context.args)


@app.command()
def doctor() -> None:
    """Say what this machine lacks, and how to get it."""
    sys.exit(subprocess.run([sys.executable, str(ROOT / "tools" / "setup"), "--check"], check=False).returncode)


for module in (cli_database, cli_backup, cli_keepsakes, cli_off_site, cli_engines, cli_drain):
    for command in module.COMMANDS:
        app.command()(command)

main: Callable[[], None] = app
