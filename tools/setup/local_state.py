"""What a clone keeps for itself: Pulumi's state and the passphrase of its secrets."""

import os
import secrets

from tools.setup import paths
from tools.setup.step import Log, Step


class LocalState(Step):
    name = "local state"
    remedy = f"make {paths.LOCAL} writable"

    def check(self) -> str | None:
        ready = paths.STATE.is_dir() and paths.PASSPHRASE.is_file()
        return f"state and passphrase in {paths.LOCAL}" if ready else None

    def make(self, log: Log) -> str:
        # Secrets of every stack are encrypted with it: nobody else may read it, and an existing one is never replaced.
        paths.LOCAL.mkdir(exist_ok=True)
        paths.LOCAL.chmod(0o700)
        paths.STATE.mkdir(exist_ok=True)
        try:
            file = os.open(paths.PASSPHRASE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return "kept the passphrase"
        with os.fdopen(file, "w") as stream:
            stream.write(secrets.token_urlsafe(32))
        log.say(f"made {paths.PASSPHRASE}")
        return "made a passphrase"
