"""The command line: `python3 tools/setup [--only STEP ...]`, `--check`, `--stop-engine`, `--print WHAT`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from tools.setup import base_image, docker_engine, environment, paths, runner
from tools.setup.docker_plugin import DockerPlugin
from tools.setup.go_toolchain import GoToolchain
from tools.setup.language_host import LanguageHost
from tools.setup.local_state import LocalState
from tools.setup.mounts import HostMounts
from tools.setup.pulumi_engine import PulumiEngine
from tools.setup.python_env import PythonEnv
from tools.setup.runner import Result
from tools.setup.step import SetupError, Step

_EPILOG = """
environment:
  BASALT_CACHE          where downloads and builds are kept (default ~/.cache/basalt)
  BASALT_PULUMI=build   build Pulumi from the pinned modules even where it is installed or can be downloaded
  BASALT_DEBIAN_MIRROR  mirror for the base image (default http://deb.debian.org)
  DOCKER_HOST           an engine to use in place of this machine's
exit status: 0 everything is there, 1 something is missing or failed, 2 wrong usage
"""


def steps() -> list[Step]:
    """In the order in which they start when nothing holds them back."""
    return [
        LocalState(),
        GoToolchain(),
        PythonEnv(),
        PulumiEngine(),
        LanguageHost(),
        DockerPlugin(),
        docker_engine.DockerEngine(),
        HostMounts(),
        base_image.BaseImage(),
    ]


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    names = [runner.slug(step.name) for step in steps()]
    parser = argparse.ArgumentParser(
        prog="python3 tools/setup",
        description="Make this machine able to run basalt: Python packages, Pulumi, a Docker engine, the base image.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", metavar="STEP", choices=names, help=f"some of: {', '.join(names)}")
    parser.add_argument("--json", action="store_true", help="print the result as JSON (progress goes to stderr)")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="report what is there and what is missing, change nothing")
    action.add_argument("--stop-engine", action="store_true", help="stop the Docker engine if this clone started it")
    action.add_argument(
        "--print", choices=["base-image", "env"], help="print a name or the environment, change nothing"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    chosen = arguments(argv)
    try:
        return _act(chosen)
    except (SetupError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; run it again, what is finished is kept", file=sys.stderr)
        return 130


def _act(chosen: argparse.Namespace) -> int:
    if chosen.print:
        print(_printed(chosen.print, as_json=chosen.json))
        return 0
    if chosen.stop_engine:
        print(docker_engine.stop())
        return 0
    wanted = [step for step in steps() if not chosen.only or runner.slug(step.name) in chosen.only]
    results = runner.check(wanted) if chosen.check else _run(wanted)
    if chosen.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    elif chosen.check:
        print(table(results))
    return 0 if all(result.ok for result in results) else 1


def _printed(what: str, *, as_json: bool) -> str:
    if what == "base-image":
        return json.dumps(base_image.name()) if as_json else base_image.name()
    return json.dumps(environment.variables(), indent=2) if as_json else environment.shell()


def _run(wanted: Sequence[Step]) -> list[Result]:
    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with runner.locked(paths.cache() / "setup.lock", say):
        return runner.Run(wanted, paths.cache() / "log", say)()


def table(results: Sequence[Result]) -> str:
    """What, what was found, and what to do where it is missing."""
    lines = [f"{'':2} {'what':<14} found"]
    for result in results:
        lines.append(f"{'ok' if result.ok else '--'} {result.name:<14} {result.found}")
        if not result.ok:
            lines.append(f"{'':17} remedy: {result.remedy}")
    if missing := sum(not result.ok for result in results):
        lines.append(f"{missing} missing; `make setup` makes what can be made here")
    return "\n".join(lines)
