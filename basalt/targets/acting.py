"""How providers load what acts: one at a time. They run in many threads, and two that come to a package of modules that
need each other from different ends are told of a deadlock (importlib, `_ModuleLock`; seen with docker's models)."""

import threading

LOADING = threading.Lock()
