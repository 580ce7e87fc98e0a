"""The command line, and which exit code says what: 1 it failed, 2 it was asked or configured wrongly."""

import argparse
import sys
from pathlib import Path

from shop import logs
from shop.settings import DEFAULT_PATH, Settings, SettingsError, load


def run(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = load(options.config)
        if options.command == "migrate":
            return _migrate(settings, options)
        logs.configure(options.command, settings.instance)
        _serve(options.command, settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shop", description="basalt's reference application")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("api", "serve HTTPS, WebSockets and events"),
        ("worker", "do the jobs of the queues"),
        ("migrate", "bring the schema up to date"),
    ):
        command = commands.add_parser(name, help=summary)
        command.add_argument("--config", type=Path, default=DEFAULT_PATH, metavar="FILE")
    migrate = commands.choices["migrate"]
    migrate.add_argument("--to", type=int, metavar="N", help="stop at this version")
    migrate.add_argument("--rollback", action="store_true", help="undo the last one, or all above --to")
    migrate.add_argument("--dry-run", action="store_true", help="say what would be done")
    migrate.add_argument("--wait", type=float, default=120.0, metavar="SECONDS", help="for the database")
    return parser


def _serve(command: str, settings: Settings) -> None:
    if command == "api":
        from shop import api

        api.run(settings)
    else:
        from shop import worker

        worker.run(settings)


def _migrate(settings: Settings, options: argparse.Namespace) -> int:
    import psycopg

    from shop import migrate
    from shop.migration_files import RefusedError

    wish = migrate.Wish(options.to, options.rollback, options.dry_run, options.wait)
    try:
        migrate.run(settings, wish, lambda line: print(f"migrate: {line}", flush=True))
    except RefusedError as error:
        print(f"migrate: refused: {error}", file=sys.stderr)
        return 1
    except psycopg.Error as error:
        print(f"migrate: failed: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0
