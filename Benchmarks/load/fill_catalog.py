"""Makes a data directory whose catalogue has many files, by writing rows straight into the database.

The first half belongs to the organization `default`, the rest to 1,000 others. Their times are spread over 90 days.
"""

import argparse
import hashlib
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid

from cloakroom_server import CloakroomServer

DATABASE = "catalog.sqlite"
DAYS = 90
OTHERS = 1000
PENDING = 100  # one row in so many is pending
SIZE = 4096
BATCH = 100_000
KNOWN = {
    "organizations": ["id", "created_at"],
    "files": [
        "id",
        "organization_id",
        "filename",
        "content_type",
        "size_bytes",
        "created_at",
        "upload_expires_at",
        "sha256",
        "uploaded_at",
    ],
}


def arguments():
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=pathlib.Path, help="the directory, which must not exist")
    parser.add_argument("count", type=int, help="how many files")
    parser.add_argument("--blobs", type=int, default=0, help="make the bytes of so many of default's newest files")
    return parser.parse_args()


def make(data_dir):
    """Makes the data directory by starting the server once: schema, signing key and organization are its own."""
    with tempfile.TemporaryDirectory() as directory:
        server = CloakroomServer(directory, data_dir)
        server.start()
        server.stop()


def check(database):
    """Ends with a message unless rows can be written with what is known here."""
    for table, known in KNOWN.items():
        columns = database.execute(f"PRAGMA table_info({table})").fetchall()
        names = {name for _, name, *_ in columns}
        missing = set(known) - names
        needed = {name for _, name, _, not_null, default, _ in columns if not_null and default is None} - set(known)
        if missing or needed:
            sys.exit(
                f"fill_catalog: the schema of `{table}` is another one: "
                f"missing columns {sorted(missing)}, unknown columns that need a value {sorted(needed)}"
            )


def file_id(milliseconds, sequence):
    """Returns a version 7 UUID as Cloakroom makes them."""
    tail = bytearray(os.urandom(8))
    tail[0] = 0x80 | tail[0] & 0x3F
    return milliseconds.to_bytes(6, "big") + (0x7000 | sequence).to_bytes(2, "big") + bytes(tail)


def rows(count, blobs, zeros):
    """Yields the rows of `files`, oldest first."""
    now = int(time.time())
    start = (now - DAYS * 86400) * 1000
    step = DAYS * 86_400_000 / count
    owned = count // 2
    last, sequence = 0, 0
    for number in range(count):
        milliseconds = start + int(number * step)
        sequence = sequence + 1 if milliseconds == last else 0
        last = milliseconds
        made = milliseconds // 1000
        owner = "default" if number < owned else f"organization-{number % OTHERS:03}"
        has_blob = owned - blobs <= number < owned
        row = [file_id(milliseconds, sequence), owner, f"file-{number}.bin", "application/octet-stream", SIZE, made]
        if number % PENDING == 0 and not has_blob:  # not expired, so that the server does not sweep it
            yield [*row, now + DAYS * 86400, None, None]
        else:
            yield [*row, made + 3600, zeros if has_blob else os.urandom(32), made + 1]


def write_blob(data_dir, identity):
    """Makes a sparse file where the server looks for a file's bytes."""
    path = data_dir / "blobs" / f"{identity[-1]:02x}" / str(uuid.UUID(bytes=identity))
    with open(path, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.truncate(SIZE)


def insert(database, data_dir, count, blobs):
    """Writes the rows in large transactions."""
    now = int(time.time())
    others = [(f"organization-{number:03}", now) for number in range(OTHERS)]
    database.executemany("INSERT INTO organizations (id, created_at) VALUES (?, ?)", others)
    columns = KNOWN["files"]
    statement = f"INSERT INTO files ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    zeros = hashlib.sha256(bytes(SIZE)).digest()
    batch = []
    for number, row in enumerate(rows(count, blobs, zeros), 1):
        batch.append(row)
        if row[7] == zeros:
            write_blob(data_dir, row[0])
        if len(batch) == BATCH or number == count:
            database.executemany(statement, batch)
            database.commit()
            batch.clear()
            print(f"fill_catalog: {number:,} of {count:,} files", file=sys.stderr)


def write_anew(path):
    """Copies the database by SQL, so that its pages have no checksums: SQLite by itself would leave wrong ones."""
    new = path.with_name("new")
    script = '(sqlite3 "$0" .dump; echo "PRAGMA user_version = $(sqlite3 "$0" "PRAGMA user_version");") | sqlite3 "$1"'
    subprocess.run(["sh", "-c", script, path, new], check=True)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    new.rename(path)


def main():
    """Makes the directory and fills its catalogue."""
    given = arguments()
    if given.data_dir.exists():
        sys.exit(f"fill_catalog: {given.data_dir} exists")
    if not 0 <= given.blobs <= given.count // 2:
        sys.exit("fill_catalog: --blobs is at most half of the files")
    make(given.data_dir)
    path = given.data_dir / DATABASE
    if not path.exists():
        sys.exit(f"fill_catalog: the server made no {DATABASE}")
    write_anew(path)
    database = sqlite3.connect(path)
    check(database)
    # A directory that is not filled to the end is of no use: so nothing is flushed before that.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -1000000"):
        database.execute(f"PRAGMA {pragma}")
    insert(database, given.data_dir, given.count, given.blobs)
    database.close()
    # The server gives the pages their checksums.
    make(given.data_dir)
    os.sync()


if __name__ == "__main__":
    main()
