"""What the service promises, as a model in memory: dictionaries and lists, and a clock that is a number.

For each request the model says with which status and error code it is answered, and what of the answer's body matters.
It is written from docs/http.md, docs/security.md and the assumptions (A…) in docs/architecture.md, and knows nothing
of how the service is made. The service chooses ids, secrets and the addresses of URLs; whoever compares the two fills
them in.

Times are seconds since 1970. The model does not say what happens within seconds of a moment at which something ends:
`Model.clear` finds times that are well away from all of them.
"""

import functools
import hashlib
import math
import re
from dataclasses import dataclass, field

HOUR = 3_600
DAY = 24 * HOUR
URL_LIFETIME = HOUR
ABANDONED_AFTER = HOUR  # from the end of a pending file's last upload URL
IDEMPOTENCY_LIFETIME = DAY
MAX_SIZE = 104_857_600
MAX_FILE_LIFETIME = 315_360_000

TOP_LEVEL_TYPES = {
    "application", "audio", "example", "font", "haptics", "image", "message", "model", "multipart", "text", "video",
}  # fmt: skip
# The known extensions among the names that are tried.
EXTENSIONS = {"png": {"image/png"}, "mp3": {"audio/mpeg", "audio/mp3"}}
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
MEDIA_RANGE = r"[a-z]+/(\*|[a-z0-9.+-]+)"


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


@dataclass
class Answer:
    """An answer. Where the promise leaves a choice there are several outcomes, all of them refusals."""

    outcomes: tuple  # of status and error code
    fields: set | None = None  # that are named as wrong
    details: list | None = None  # of which the error has one
    file: File | None = None
    files: list | None = None
    url: URL | None = None
    urls: list | None = None
    key: Key | None = None
    has_more: bool | None = None  # None: either
    data: bytes | None = None
    part: tuple | None = None  # the first and the last byte of a range


class Refused(Exception):
    """A request is refused, and changes nothing."""

    def __init__(self, *outcomes, fields=None, details=None):
        self.answer = Answer(outcomes, fields=fields, details=details)


class Unpromised(Exception):
    """Nothing is promised for what is asked."""


def ok(status=200, **parts):
    """The answer to a request that is not refused."""
    return Answer(((status, None),), **parts)


def answers(promise):
    """Makes a refusal an answer like any other; `None` says that nothing is promised."""

    @functools.wraps(promise)
    def answer(*arguments):
        try:
            return promise(*arguments)
        except Refused as refusal:
            return refusal.answer
        except Unpromised:
            return None

    return answer


INVALID = (400, "INPUT_VALIDATION_ERROR")
UNAUTHORIZED = (401, "UNAUTHORIZED")
FORBIDDEN = (403, "FORBIDDEN")
OVER_QUOTA = (403, "QUOTA_EXCEEDED")
NO_FILE = (404, "FILE_NOT_FOUND")
REUSED = (409, "IDEMPOTENCY_KEY_REUSED")
COMPLETED = (409, "UPLOAD_ALREADY_COMPLETED")
DENIED = (403, "AccessDenied")
NO_SUCH_KEY = (404, "NoSuchKey")


def is_whole(value, low, high):
    return type(value) is int and low <= value <= high


def wrong_fields(declared):
    """The fields of a declaration that are refused: all of them are named at once."""
    filename, content_type = declared.get("filename"), declared.get("content_type")
    media_type = re.fullmatch(rf"({TOKEN})/{TOKEN}", content_type) if isinstance(content_type, str) else None
    digest, lifetime = declared.get("sha256"), declared.get("expires_after_seconds")
    fits = {
        "filename": isinstance(filename, str) and re.fullmatch(r"[^\x00-\x1f\x7f-\x9f/\\]{1,255}", filename),
        "content_type": media_type and media_type[1].lower() in TOP_LEVEL_TYPES,
        "size_bytes": is_whole(declared.get("size_bytes"), 1, MAX_SIZE),
        "sha256": digest is None or isinstance(digest, str) and re.fullmatch("[0-9a-fA-F]{64}", digest),
        "expires_after_seconds": lifetime is None or is_whole(lifetime, 1, MAX_FILE_LIFETIME),
    }
    wrong = {name for name, is_good in fits.items() if not is_good}
    if not wrong & {"filename", "content_type"} and contradict(filename, content_type):
        wrong.add("content_type")
    return wrong


def contradict(filename, content_type):
    """Whether a known extension is that of another type; application/octet-stream contradicts nothing."""
    known = EXTENSIONS.get(filename.rpartition(".")[2].lower() if "." in filename else "")
    return known is not None and content_type not in known | {"application/octet-stream"}


def wrong_key(idempotency_key):
    if idempotency_key is None or re.fullmatch(r"[\x20-\x7e]{1,255}", idempotency_key):
        return set()
    return {"Idempotency-Key"}


def accepts(media_range, content_type):
    kind, _, rest = media_range.partition("/")
    return media_range in ("*/*", content_type) or rest == "*" and content_type.startswith(kind + "/")


def is_same_type(received, declared):
    """A type in another case, or with an added charset, is the same (A19)."""
    text, *parameters = [part.strip() for part in received.split(";")]
    return text.lower() == declared and all(part.lower().startswith("charset=") for part in parameters)


def selected(text, size):
    """The first and the last byte that a Range selects (RFC 9110 §14.1.2); `None` is the whole file (A4)."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text or "")
    if not match or match.groups() == ("", ""):
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None:
        first, last = max(0, size - last), size - 1 if last else -1
    elif last is not None and last < first:
        return None
    if first >= size or last == -1:
        raise ValueError("outside the file")
    return first, size - 1 if last is None else min(last, size - 1)


class Model:
    """The whole service."""

    def __init__(self, now):
        self.now = now
        self.keys = []
        self.files = []
        self.quotas = {}  # most files and bytes, by organization
        self.lifetimes = {}  # of files that are created from then on, by organization
        self.requests = {}  # request, file and time, by organization and idempotency key

    # Time

    def at(self, now):
        """Sets the clock, and returns the files that have gone since: those need no request to go."""
        self.now = now
        gone = []
        for file in self.live():
            is_abandoned = file.data is None and file.upload_ends_at + ABANDONED_AFTER < now
            if file.ends_at < now:
                file.gone = "ended or abandoned" if is_abandoned else "ended"
            elif is_abandoned:
                file.gone = "abandoned"
                # Whoever repeats the request wants a file that can still be sent.
                self.requests = {key: made for key, made in self.requests.items() if made[1] is not file}
            if file.gone:
                gone.append(file)
        return gone

    def moments(self):
        """When something ends or ended by itself."""
        for file in self.files:
            yield file.ends_at
            yield from (url.ends_at for url in file.uploads + file.downloads)
            if file.data is None:
                yield file.upload_ends_at + ABANDONED_AFTER
        yield from (key.ends_at for key in self.keys)
        yield from (made_at + IDEMPOTENCY_LIFETIME for _, _, made_at in self.requests.values())

    def clear(self, time, before=60, after=20):
        """The first time from this one on with no such moment in the seconds before or after it."""
        for moment in sorted(self.moments()):
            if moment - before < time < moment + after:
                time = moment + after
        return time

    # Who may do what

    def authenticate(self, caller):
        """Missing, unknown, revoked and ended keys get the same answer."""
        if caller.key is None or caller.key.ends_at < self.now:
            raise Refused(UNAUTHORIZED)
        return caller.key

    def authorize(self, caller, permission):
        """The organization for which a caller may do something."""
        key = self.authenticate(caller)
        if permission not in key.permissions:
            raise Refused(FORBIDDEN)
        if key.organization is None:
            if caller.naming is None:
                raise Refused(INVALID)
            return caller.naming
        if caller.naming not in (None, key.organization):
            raise Refused(FORBIDDEN)
        return key.organization

    def find(self, organization, file, is_wanted_ready=False):
        """Unknown, another organization's, gone and, for a download, pending files cannot be told apart."""
        if file.organization != organization or file.gone or is_wanted_ready and file.data is None:
            raise Refused(NO_FILE)

    def live(self, organization=None):
        return [file for file in self.files if not file.gone and organization in (None, file.organization)]

    @answers
    def rotate(self, caller, key, grace):
        """A new key in the place of another, which works on for a while; without one it is dead at once."""
        organization = self.authorize(caller, "keys:manage")
        if key.organization != organization or key.ends_at < self.now:
            raise Refused((404, "KEY_NOT_FOUND"))
        key.ends_at = min(key.ends_at, self.now + grace) if grace else -math.inf
        successor = Key(organization, key.permissions)
        self.keys.append(successor)
        return ok(201, key=successor)

    # Quotas

    def usage(self, organization):
        """Files and bytes: pending and ready ones count, with the sizes as declared."""
        files = self.live(organization)
        return len(files), sum(file.size for file in files)

    def excess(self, organization, size):
        """Why one more file does not fit: as the details of a refusal, which has one of these."""
        most_files, most_bytes = self.quotas.get(organization, (None, None))
        files, used = self.usage(organization)
        found = []
        if most_files is not None and files + 1 > most_files:
            found.append({"quota": "max_files", "limit": most_files, "used": files, "requested": 1})
        if most_bytes is not None and used + size > most_bytes:
            found.append({"quota": "max_bytes", "limit": most_bytes, "used": used, "requested": size})
        return found

    # Uploads

    def repeated(self, organization, idempotency_key, request, others):
        """The file of the request that came with this key within 24 hours, `None` if there was no such request."""
        earlier, file, made_at = self.requests.get((organization, idempotency_key), (None, None, -math.inf))
        if made_at + IDEMPOTENCY_LIFETIME < self.now:
            return None
        if file.gone == "ended or abandoned":
            # An ended file keeps its key, an abandoned one does not. Where the clock passes both ends in one step it
            # is open which was first.
            raise Unpromised
        if earlier != request:
            raise Refused(REUSED, *others)
        return file

    def add(self, organization, declared, idempotency_key, request):
        file = File(organization, declared, self.now, number=len(self.files))
        own, general = declared.get("expires_after_seconds"), self.lifetimes.get(organization)
        file.lifetime = min(own or math.inf, general or math.inf)
        self.files.append(file)
        if idempotency_key is not None:
            self.requests[organization, idempotency_key] = (request, file, self.now)
        return file

    def upload_url(self, file):
        """A fresh upload URL, which never outlives its file."""
        file.upload_ends_at = min(self.now + URL_LIFETIME, file.ends_at)
        file.uploads.append(URL(file, file.upload_ends_at))
        return file.uploads[-1]

    @answers
    def declare(self, caller, declared, idempotency_key=None):
        """`POST /v1/files/upload`."""
        organization = self.authorize(caller, "files:write")
        if wrong := wrong_fields(declared) | wrong_key(idempotency_key):
            raise Refused(INVALID, fields=wrong)
        request = ("declared", declared)
        excess = self.excess(organization, declared["size_bytes"])
        others = [OVER_QUOTA] if excess else []
        # The same request gets the same file, also if that is ready or gone by now, and whatever the quota is.
        file = self.repeated(organization, idempotency_key, request, others)
        if file is None:
            if excess:
                raise Refused(OVER_QUOTA, details=excess)
            file = self.add(organization, declared, idempotency_key, request)
        return ok(file=file, url=self.upload_url(file))

    @answers
    def direct(self, caller, declared, sent, idempotency_key=None):
        """`POST /v1/files`: the bytes with the request."""
        organization = self.authorize(caller, "files:write")
        wrong = wrong_fields({**declared, "size_bytes": 1}) | wrong_key(idempotency_key)
        if wrong:
            raise Refused(INVALID, fields=wrong)
        excess = self.excess(organization, len(sent.data))
        others = [OVER_QUOTA] if excess else []
        if not sent.data:
            raise Refused(INVALID, *others, fields={"body"})
        request = ("direct", declared, sent.data)
        file = self.repeated(organization, idempotency_key, request, others)
        if file is not None:
            self.find(organization, file)
            return ok(201, file=file)
        if sent.checksum == "wrong":
            raise Refused(INVALID, *others, fields={"x-amz-checksum-sha256"})
        if excess:
            # Without a length nobody knows how much it would have been.
            raise Refused(OVER_QUOTA, details=None if sent.is_chunked else excess)
        file = self.add(organization, {**declared, "size_bytes": len(sent.data)}, idempotency_key, request)
        file.data, file.uploaded_at = sent.data, self.now
        return ok(201, file=file)

    @answers
    def renew(self, caller, file):
        """`POST /v1/files/{id}/upload-url`."""
        self.find(self.authorize(caller, "files:write"), file)
        if file.data is not None:
            raise Refused(COMPLETED)
        return ok(file=file, url=self.upload_url(file))

    @answers
    def put(self, url, sent):
        """`PUT` to an upload URL: the first complete upload is sealed, and the bytes never change afterwards."""
        file = url.file
        if url.ends_at < self.now:
            raise Refused(DENIED)
        mismatch = None
        if not is_same_type(sent.content_type, file.content_type):
            mismatch = (400, "ContentTypeMismatch")
        elif len(sent.data) != file.size:
            mismatch = (400, "ContentLengthMismatch")
        if file.gone:
            # The declaration with which a request that was written otherwise could be verified is gone, too.
            is_as_declared = not mismatch and not sent.is_chunked and sent.content_type == file.content_type
            outcomes = [NO_SUCH_KEY] if is_as_declared else [NO_SUCH_KEY, (403, "SignatureDoesNotMatch")]
            # Neither need its revocations be remembered, nor need a later URL be dated after them.
            raise Refused(*outcomes, *([DENIED] if file.revoked_at > -math.inf else []))
        if url.is_revoked:
            raise Refused(DENIED, *([mismatch] if mismatch else []))
        if mismatch:
            raise Refused(mismatch)
        if sent.checksum == "malformed":
            raise Refused((400, "InvalidDigest"))
        if sent.only_if_new and file.data is not None:
            raise Refused((412, "PreconditionFailed"))
        other = (409, "UploadAlreadyCompleted")
        if sent.checksum == "wrong":
            raise Refused((400, "BadDigest"))
        if file.declared.get("sha256") not in (None, hashlib.sha256(sent.data).hexdigest()):
            raise Refused((400, "BadDigest"), *([other] if file.data is not None else []))
        if file.data not in (None, sent.data):
            raise Refused(other)
        if file.data is None:
            file.data, file.uploaded_at = sent.data, self.now
        return ok(file=file)

    # Downloads

    def read(self, file, ask, failed, outside):
        """The bytes, or a part of them; `failed` and `outside` are the origin's words for 412 and 416."""
        if ask.condition == "If-Match" and ask.tag not in ("own", "any"):
            raise Refused((412, failed))
        if ask.condition == "If-None-Match" and ask.tag != "other":
            return ok(304, file=file)
        if ask.condition == "If-Range" and ask.tag != "own":
            part = None
        else:
            try:
                part = selected(ask.range, file.size)
            except ValueError:
                raise Refused((416, outside)) from None
        if part is None:
            return ok(file=file, data=file.data)
        return ok(206, file=file, data=file.data[part[0] : part[1] + 1], part=part)

    def download_url(self, file):
        file.downloads.append(URL(file, min(self.now + URL_LIFETIME, file.ends_at)))
        return file.downloads[-1]

    def sign(self, file):
        """A GET URL by somebody else who holds the secret; it may outlive the file, and read one that was pending.

        It works if it is dated after the file's last revocation: from the next second on.
        """
        file.downloads.append(URL(file, self.now + URL_LIFETIME))
        return file.downloads[-1]

    @answers
    def download(self, caller, file, form, ask=Ask()):
        """`GET /v1/files/{id}/download` in its three forms: url, redirect and bytes."""
        self.find(self.authorize(caller, "files:read"), file, is_wanted_ready=True)
        if form == "bytes":
            return self.read(file, ask, "PRECONDITION_FAILED", "RANGE_NOT_SATISFIABLE")
        return ok(307 if form == "redirect" else 200, file=file, url=self.download_url(file))

    @answers
    def get(self, url, ask=Ask()):
        """`GET` of a download URL."""
        if url.ends_at < self.now:
            raise Refused(DENIED)
        is_missing = url.file.gone or url.file.data is None
        if url.is_revoked:
            raise Refused(DENIED, *([NO_SUCH_KEY] if is_missing else []))
        if is_missing:
            raise Refused(NO_SUCH_KEY)
        return self.read(url.file, ask, "PreconditionFailed", "InvalidRange")

    # Files

    @answers
    def show(self, caller, file):
        """`GET /v1/files/{id}`."""
        self.find(self.authorize(caller, "files:read"), file)
        return ok(file=file)

    @answers
    def list_files(self, caller, query, page=None):
        """`GET /v1/files`: a page, newest first. Files that come and go between two pages move nothing."""
        organization = self.authorize(caller, "files:read")
        status, media_range, cursor = (query.get(name) for name in ("status", "content_type", "cursor"))
        fits = {
            "limit": is_whole(query.get("limit", 50), 1, 1_000),
            "status": status in (None, "pending", "ready"),
            "content_type": media_range is None or re.fullmatch(MEDIA_RANGE, media_range),
            "cursor": cursor is None,  # a good one is that of a page
        }
        if wrong := {name for name, is_good in fits.items() if not is_good}:
            raise Refused(INVALID, fields=wrong)
        found = [
            file
            for file in reversed(self.live(organization))
            if (page is None or file.number < page.last.number)
            and status in (None, file.status)
            and (media_range is None or accepts(media_range, file.content_type))
        ]
        limit = query.get("limit", 50)
        return ok(files=found[:limit], has_more=None if len(found) == limit else len(found) > limit)

    @answers
    def delete(self, caller, file):
        """From the answer on, the file and all of its URLs are dead, and its room is free."""
        self.find(self.authorize(caller, "files:write"), file)
        file.gone = "deleted"
        return ok(204)

    @answers
    def revoke(self, caller, file):
        """From the answer on, every URL from before is dead; later ones work at once."""
        self.find(self.authorize(caller, "files:write"), file)
        file.revoked_at = self.now
        for url in file.uploads + file.downloads:
            url.is_revoked = True
        return ok(204)

    @answers
    def resolve(self, caller, organization, files, accept):
        """A gateway's references become URLs, all of them or none; a missing file goes before one of another type."""
        key = self.authenticate(caller)
        if key.organization is not None or "files:read" not in key.permissions:
            raise Refused(FORBIDDEN)
        if caller.naming not in (None, organization):
            raise Refused(INVALID)
        missing = [file for file in files if file.organization != organization or file.gone or file.data is None]
        if missing:
            return Answer((NO_FILE,), files=missing)
        wrong = [file for file in files if accept and not any(accepts(text, file.content_type) for text in accept)]
        if wrong:
            return Answer(((422, "FILE_FORMAT_UNSUPPORTED"),), files=wrong)
        return ok(files=files, urls=[self.download_url(file) for file in files])
