"""Damage that is done to a data directory, and what `cloakroom check` says; judged by sqlite3 and sha256sum."""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

from cloakroom import command

# Packed, and in a file of its own.
SMALL, LARGE = 5_000, 100_000
# A slot begins with its header.
HEADER = 128
WITHOUT_SCRUB = "--scrub-period-days=0"


def sqlite(data_dir, query):
    """What the sqlite3 program says: a list of columns for each row.

    It leaves what it changes in the log, as it knows nothing of pages' checksums.
    """
    settings = [".output /dev/null", ".dbconfig no_ckpt_on_close on", "PRAGMA wal_autocheckpoint = 0", ".output"]
    line = ["sqlite3", *[part for line in settings for part in ("-cmd", line)], data_dir / "catalog.sqlite", query]
    output = subprocess.run(line, capture_output=True, text=True, check=True, timeout=30).stdout
    return [row.split("|") for row in output.splitlines()]


def sha256sum(path):
    return subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]


def digest(data):
    return subprocess.run(["sha256sum"], input=data, capture_output=True, check=True).stdout.split()[0].decode()


def key(file_id):
    return f"x'{file_id.removeprefix('file_').replace('-', '')}'"


def uuid(file_id):
    return file_id.removeprefix("file_")


@dataclasses.dataclass
class Place:
    """Where a file's bytes lie on the disk."""

    path: pathlib.Path
    offset: int

    def flip(self, index=0):
        """Changes one bit."""
        with open(self.path, "r+b") as file:
            file.seek(self.offset + index)
            byte = file.read(1)[0]
            file.seek(self.offset + index)
            file.write(bytes([byte ^ 1]))


def place(data_dir, file_id):
    [[locator]] = sqlite(data_dir, f"SELECT locator FROM files WHERE id = {key(file_id)}")
    if locator:
        # The pack's name, the slot's offset, and the body's length.
        return Place(data_dir / "blobs/packs" / locator[:16], int(locator[16:24], 16) + HEADER)
    return Place(data_dir / "blobs" / file_id[-2:] / uuid(file_id), 0)


def quarantined(data_dir):
    return {path.name: sha256sum(path) for path in (data_dir / "blobs/quarantine").iterdir()}


def flipped(data, index=0):
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


def fresh_upload_url(client, file_id):
    answer = client.post(f"/v1/files/{file_id}/upload-url")
    assert answer.status_code == 200, answer.text
    return answer.json()["upload_url"]


def status(client, file_id):
    return client.get(f"/v1/files/{file_id}").json()["status"]


def run(data_dir, *options):
    return command("check", *options, data_dir=data_dir, check=False)


def check(data_dir, *options):
    """The findings; the exit status and the summary have to fit them."""
    result = run(data_dir, *options)
    # What is in quarantine is listed, too.
    lines = [line for line in result.stdout.splitlines() if not line.startswith("quarantined ")]
    count = sum(not line.startswith("noted ") for line in lines)
    assert re.search(rf"cloakroom: \d+ files, \d+ bytes, {count} findings\n", result.stderr), result
    assert result.returncode == (1 if count else 0), result
    return lines


class Copy:
    """A copy of a data directory that a test may damage."""

    def __init__(self, original, path):
        source, self.ids, self.data = original
        self.data_dir = path / "data"
        shutil.copytree(source, self.data_dir)
        self.small, self.large = (place(self.data_dir, self.ids[size]) for size in (SMALL, LARGE))

    def sqlite(self, query):
        return sqlite(self.data_dir, query)

    def text(self, line):
        names = {"SMALL": self.ids[SMALL], "LARGE": self.ids[LARGE], "PACK": f"blobs/packs/{self.small.path.name}"}
        for name, text in names.items():
            line = line.replace(name, text)
        return line

    def truncate(self, spot, length):
        os.truncate(spot.path, spot.offset + length)
