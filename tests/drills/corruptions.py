"""What can be wrong with a backup; each has to be found, and called by the step that can see it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Corruption:
    """`script` plants it (house.py has its words); `steps` that may find it; `says`: a pattern of what it says."""

    name: str
    script: str
    steps: tuple[str, ...]
    says: str = ""


_LIST, _FILES = ("catalogue",), ("repository",)

CORRUPTIONS = (
    Corruption("a flipped byte in a bundle", 'flip "$full/bundle/1"', _FILES, "checksum invalid: "),
    Corruption("a flipped byte in a block incremental", 'flip "$newest/bundle/1"', _FILES, "checksum invalid: "),
    Corruption("a bundle cut short", 'truncate --size=-100 "$full/bundle/1"', _FILES),
    Corruption("an empty bundle", ': > "$newest/bundle/1"', _FILES),
    Corruption("a bundle that is gone", 'rm "$newest/bundle/1"', _FILES, "missing: "),
    Corruption("a bundle of another backup", 'cp "$full/bundle/1" "$newest/bundle/1"', _FILES, "checksum invalid: "),
    Corruption("a folder that is gone", 'rm -r "$full"', _FILES, "missing: "),
    Corruption("a folder that nobody may read", 'chmod 000 "$newest"', _FILES, "status: invalid"),
    Corruption("a manifest cut short", 'truncate --size=-500 "$newest/backup.manifest"', _FILES, "using copy"),
    Corruption("a flipped byte in a manifest", 'flip "$newest/backup.manifest"', _FILES, "using copy"),
    Corruption("a manifest that is gone", 'rm "$newest/backup.manifest"', _FILES, "using copy"),
    Corruption("an empty manifest", ': > "$full/backup.manifest"', _FILES, "using copy"),
    Corruption("a manifest of another backup", 'cp "$full/backup.manifest" "$newest/backup.manifest"', _FILES),
    Corruption("a manifest whose copy is gone", 'rm "$newest/backup.manifest.copy"', _FILES, "missing file"),
    Corruption("manifest and copy are gone", 'rm "$newest"/backup.manifest*', _FILES),
    Corruption("the catalogue is gone, its copy is there", 'rm "$backups/backup.info"', _FILES, "backup.info"),
    Corruption("the catalogue and its copy are gone", 'rm "$backups"/backup.info*', _LIST),
    Corruption("the catalogue and its copy cut short", 'truncate --size=100 "$backups"/backup.info*', _LIST),
    Corruption("a flipped byte in catalogue and copy", 'for f in "$backups"/backup.info*; do flip "$f"; done', _LIST),
    Corruption("no backup at all", 'rm -r "$backups"/*', _LIST),
    Corruption("the archive's index and its copy are gone", 'rm "$archive"/archive.info*', (*_LIST, *_FILES)),
    # By chance it is a byte by which what is compressed cannot be read at all.
    Corruption("a flipped byte in the log", 'flip "$(segment 3)"', _FILES, "checksum invalid: |other: "),
    Corruption("a segment cut short", 'truncate --size=-100 "$(segment 4)"', _FILES),
    Corruption("an empty segment", ': > "$(segment 5)"', _FILES, "other: "),
    Corruption("a segment that is gone", 'rm "$(segment 6)"', _FILES, "gap in the log: 1 segments"),
    Corruption("a segment between two backups is gone", 'rm "$(segment 3)"', _FILES, "gap in the log: 1 segments"),
    Corruption("the log that makes a backup consistent is gone", 'rm "$(segment 4)"', _FILES, "consistent"),
    Corruption("a segment in another one's place", 'cp "$(segment 3)" "$(segment 4)"', _FILES, "checksum invalid: "),
    Corruption("all of the log is gone", 'rm -r "$archive"/17-1/*', _FILES, "consistent"),
    Corruption("another key", "sed -i s/aKey/anotherKey/ /etc/basalt/drill.conf", _LIST),
    Corruption(
        "a page damaged before the backup",
        """file=$data/$(begin; sql -Atc "SELECT pg_relation_filepath('t')"; end)
        dd if=/dev/urandom of="$file" bs=1 seek=$((8192 * 3 + 4000)) count=100 conv=notrunc status=none
        begin; take full""",
        ("structure",),
        "invalid page",
    ),
    Corruption(
        "rows that an index lacks",
        """begin; sql -c "UPDATE pg_index SET indisready = false WHERE indexrelid = 'v'::regclass"
        sql -c "INSERT INTO t SELECT g, md5(g::text) FROM generate_series(900001, 900010) g"
        sql -c "UPDATE pg_index SET indisready = true WHERE indexrelid = 'v'::regclass"; take full""",
        ("structure",),
        "lacks matching index tuple",
    ),
    Corruption("rows that were deleted", 'begin; sql -c "DELETE FROM t"; take full', ("rows",), "gave false"),
    Corruption("a table that was dropped", 'begin; sql -c "DROP TABLE t"; take full', ("rows",), "does not exist"),
    Corruption(
        "a database that another one has taken the place of",
        """rm -r "$data"
        /usr/lib/postgresql/17/bin/initdb --pgdata="$data" --username=postgres --auth=trust > /dev/null
        echo "unix_socket_directories = '/var/lib/pg'
        listen_addresses = ''" >> "$data/postgresql.conf"
        begin; pgbackrest --stanza=main stanza-upgrade > /dev/null""",
        _LIST,
        "has taken the place of",
    ),
)
