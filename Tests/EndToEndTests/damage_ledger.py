"""What a store that is going to be damaged had acknowledged, and where its bodies lie."""

import dataclasses
import hashlib
import urllib.parse


@dataclasses.dataclass(eq=False)
class File:
    """A file as its client knows it."""

    id: str
    name: str
    type: str
    data: bytes
    # `pending`, `ready` or `deleted`.
    state: str
    # What the API said of it last.
    record: dict = dataclasses.field(default_factory=dict)
    # Path and query of URLs that were given out before the damage.
    upload_url: str | None = None
    download_url: str | None = None
    are_urls_revoked: bool = False
    # Where its body lies: a path within the data directory, and an offset.
    place: tuple[str, int] | None = None

    @property
    def sha256(self):
        return hashlib.sha256(self.data).hexdigest()

    @property
    def uuid(self):
        return self.id.removeprefix("file_")


@dataclasses.dataclass
class Ledger:
    """Everything that a store had acknowledged."""

    organization: str
    files: list[File] = dataclasses.field(default_factory=list)
    key: str = ""
    revoked_keys: list[str] = dataclasses.field(default_factory=list)
    # Each idempotency key: the request's body, and the file that it made.
    repetitions: dict[str, tuple[dict, str]] = dataclasses.field(default_factory=dict)
    # Lines of `keys list` without the last use, and of `organizations list`.
    keys: list[str] = dataclasses.field(default_factory=list)
    organizations: list[str] = dataclasses.field(default_factory=list)

    def of(self, state):
        return [file for file in self.files if file.state == state]

    def usage(self):
        """Files and bytes that count for the quota."""
        counted = [len(file.data) for file in self.files if file.state != "deleted"]
        return len(counted), sum(counted)


def path_and_query(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.path}?{parts.query}"


def without_last_use(line):
    """A line of `keys list` without the time that requests change."""
    columns = line.split("\t")
    return "\t".join(columns[:5] + columns[6:])
