"""What a clone keeps for itself: Pulumi's state and the passphrase of its secrets."""

import os
import secrets

from tools.setup import paths
from tools.setup.step import Log, Step


class LocalState(Step):
    name = "local state"
    remedy = f"make {paths.LOCAL} writable"

    def check(self) -> str | None:
        ready = paths.STATE.is_dir() and paths.PASSPHRASE.is_file() and paths.PULUMI_LOGS.exists()
        return f"state and passphrase in {paths.LOCAL}" if ready else None

    def make(self, log: Log) -> str:
        # Secrets of every stack are encrypted with it: nobody else may read it, and an existing one is never replaced.
        paths.LOCAL.mkdir(exist_ok=True)
        paths.LOCAL.chmod(0o700)
        paths.STATE.mkdir(exist_ok=True)
        # A file where the engine wants a folder: else it keeps every property of every run there, up to 500 MB, which
        # takes a third of its time. `pulumi -v=9 --logtostderr` tells the same when it is wanted.
        paths.PULUMI_HOME.mkdir(exist_ok=True)
        if not paths.PULUMI_LOGS.exists():
            paths.PULUMI_LOGS.touch()
        try:
            file = os.open(paths.PASSPHRASE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return "kept the passphrase"
        with os.fdopen(file, "w") as stream:
            stream.write(secrets.token_urlsafe(32))
        log.say(f"made {paths.PASSPHRASE}")
        return "made a passphrase"
