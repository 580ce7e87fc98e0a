"""What PostgreSQL can be extended by, and what an extension asks of the server."""

from collections.abc import Iterable

#: In the image: postgresql-17 with its contrib modules, and one package for each of the last four.
_NAMES = """
    amcheck bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw fuzzystrmatch hstore
    intarray isn lo ltree moddatetime pageinspect pg_buffercache pg_freespacemap pg_prewarm pg_stat_statements
    pg_surgery pg_trgm pg_visibility pg_walinspect pgcrypto pgrowlocks pgstattuple postgres_fdw seg sslinfo tablefunc
    tsm_system_rows tsm_system_time unaccent uuid-ossp xml2
    pg_cron pg_partman pg_repack pgaudit
"""
AVAILABLE = frozenset(_NAMES.split())

#: pg_cron lives in one database, from which it may run jobs in others (github.com/citusdata/pg_cron, "Setting up").
SINGLE = ("pg_cron",)

#: Libraries that the server loads at its start; a change of this list restarts it.
#: pg_partman's own worker is not: that of 5.2.4 fails on PostgreSQL 17.12 ("cannot drop portal while it is being set
#: up"). Its maintenance is a job, of pg_cron for instance.
_PRELOADED = {"pg_cron": "pg_cron", "pgaudit": "pgaudit"}


def libraries(extensions: Iterable[str]) -> str:
    """`shared_preload_libraries`. Statistics of statements are always there: the exporter and every search for a slow
    query begin with them."""
    wanted = set(extensions)
    return ",".join(["pg_stat_statements", *(library for name, library in _PRELOADED.items() if name in wanted)])


def parameters(databases: dict[str, tuple[str, ...]]) -> dict[str, str | int | bool]:
    """What the preloaded extensions of a cluster are told, from the extensions of each database."""
    found: dict[str, str | int | bool] = {}
    cron = [name for name, extensions in databases.items() if "pg_cron" in extensions]
    if cron:
        # Background workers need no connection, so no password either.
        found |= {"cron.database_name": cron[0], "cron.use_background_workers": True, "cron.timezone": "UTC"}
    if any("pgaudit" in extensions for extensions in databases.values()):
        found |= {"pgaudit.log": "ddl,role"}
    return found
