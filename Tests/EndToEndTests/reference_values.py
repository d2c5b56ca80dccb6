"""Keys, callers, files and URLs as the reference model has them, and what is sent and asked for."""

import math
from dataclasses import dataclass, field

HOUR = 3_600
DAY = 24 * HOUR
URL_LIFETIME = HOUR
ABANDONED_AFTER = HOUR  # from the end of a pending file's last upload URL
IDEMPOTENCY_LIFETIME = DAY
MAX_SIZE = 104_857_600
MAX_FILE_LIFETIME = 315_360_000


@dataclass(eq=False)
class Key:
    """An API key. One of no organization is a gateway's."""

    organization: str | None
    permissions: frozenset
    ends_at: float = math.inf
    id: str | None = None
    secret: str | None = None


@dataclass(frozen=True)
class Caller:
    """Who asks: with a key or without one, and perhaps naming an organization in X-Organization-ID."""

    key: Key | None
    naming: str | None = None


@dataclass(eq=False)
class File:
    """A file: pending while it has no bytes, then ready; in the end it is gone."""

    organization: str | None
    declared: dict  # as the API takes it
    created_at: float
    number: int = 0  # in the order of creation
    id: str | None = None
    data: bytes | None = None
    uploaded_at: float | None = None
    upload_ends_at: float = 0  # the end of its last upload URL
    lifetime: float = math.inf
    gone: str | None = None  # deleted, ended, abandoned, or "ended or abandoned"
    revoked_at: float = -math.inf
    uploads: list = field(default_factory=list)
    downloads: list = field(default_factory=list)

    @property
    def content_type(self):
        return self.declared["content_type"]

    @property
    def size(self):
        return self.declared["size_bytes"]

    @property
    def status(self):
        return "pending" if self.data is None else "ready"

    @property
    def ends_at(self):
        return self.created_at + self.lifetime

    @property
    def shown_end(self):
        """`expires_at` (A7): a pending file ends with its upload URL, a ready one at its own end if it has one."""
        if self.data is None:
            return self.upload_ends_at
        return None if math.isinf(self.ends_at) else self.ends_at


@dataclass(eq=False)
class URL:
    """A presigned URL: it outlasts restarts, and ends by itself or with a revocation."""

    file: File
    ends_at: float
    is_revoked: bool = False
    address: str | None = None


@dataclass(frozen=True)
class Sent:
    """What an upload sends, beside the URL or the declaration."""

    data: bytes
    content_type: str | None
    is_chunked: bool = False
    checksum: str | None = None  # right, wrong or malformed, for the bytes that are sent
    only_if_new: bool = False  # If-None-Match: *


@dataclass(frozen=True)
class Ask:
    """What a download asks for: a range, and a condition with one of the tags own, weak, other or any."""

    range: str | None = None
    condition: str | None = None
    tag: str | None = None


@dataclass(eq=False)
class Page:
    """Where a page of a list ended, and what was listed."""

    organization: str
    query: dict
    last: File
    cursor: str | None = None
