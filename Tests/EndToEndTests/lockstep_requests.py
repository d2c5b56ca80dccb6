"""What is sent to the model and to the service: the values that Hypothesis chooses from, and how bytes go."""

import base64
import functools
import hashlib
import random

from cloakroom import http
from hypothesis import strategies as st
from reference_values import HOUR, MAX_FILE_LIFETIME, MAX_SIZE, Ask, File, Sent

NAMES = [
    ("photo.png", "image/png"), ("sound.mp3", "audio/mpeg"), ("page", "text/html"), ("x", "application/octet-stream"),
]  # fmt: skip
DISPOSITIONS = {"image/png": "inline", "audio/mpeg": "inline", "text/html": "attachment"}
SIZES = [1, 5, 1_000, 65_536, 65_537, 200_000]
LIFETIMES = [None, None, None, None, 100, 1_000, 5_000, 40_000, 100_000]
STEPS = [1, 5, 5, 40, 40, 300, 300, 1_000, 1_500, 3_700, 7_500, 30_000, 25 * HOUR]
IDEMPOTENCY_KEYS = [None, "one", "two", "three"]
UNKNOWN = File(None, {}, 0, id="file_f47ac10b-58cc-4372-a567-0e02b2c3d479")
FLIPPED = bytes(255 - byte for byte in range(256))


@functools.cache
def body(size, is_other=False):
    data = random.Random(size).randbytes(size)
    return data.translate(FLIPPED) if is_other else data


def declaration(name, size, has_digest, lifetime):
    declared = {"filename": name[0], "content_type": name[1], "size_bytes": size}
    if has_digest:
        declared["sha256"] = hashlib.sha256(body(size)).hexdigest()
    return declared if lifetime is None else {**declared, "expires_after_seconds": lifetime}


def of_direct_upload(declared):
    """The part of a declaration that an upload in one request has."""
    return {name: value for name, value in declared.items() if name not in ("size_bytes", "sha256")}


# An upload to a file's URL, as it was declared but for what is said.
UPLOADS = {
    "as declared": lambda right, other, kind: Sent(right, kind),
    "chunked": lambda right, other, kind: Sent(right, kind, is_chunked=True),
    "with a charset": lambda right, other, kind: Sent(right, kind + "; charset=utf-8"),
    "if it is new": lambda right, other, kind: Sent(right, kind, only_if_new=True),
    "with its checksum": lambda right, other, kind: Sent(right, kind, checksum="right"),
    "with another checksum": lambda right, other, kind: Sent(right, kind, checksum="wrong"),
    "with a malformed checksum": lambda right, other, kind: Sent(right, kind, checksum="malformed"),
    "other bytes": lambda right, other, kind: Sent(other, kind),
    "other bytes, chunked": lambda right, other, kind: Sent(other, kind, is_chunked=True),
    "another type": lambda right, other, kind: Sent(right, "image/gif"),
    "too short": lambda right, other, kind: Sent(right[:-1], kind),
    "too long": lambda right, other, kind: Sent(right + b"x", kind),
    "too long, chunked": lambda right, other, kind: Sent(right + b"x", kind, is_chunked=True),
}

# Values that a declaration cannot have, or not with every name.
ODD = [
    ("filename", None), ("filename", ""), ("filename", "x" * 256), ("filename", "a/b"), ("filename", "a\\b"),
    ("filename", "a\nb"), ("content_type", None), ("content_type", "png"), ("content_type", "foo/bar"),
    ("content_type", "image/"), ("content_type", "image/jpeg"), ("expires_after_seconds", 0),
    ("expires_after_seconds", -1), ("expires_after_seconds", 1.5), ("expires_after_seconds", MAX_FILE_LIFETIME + 1),
]  # fmt: skip
ODD_IN_JSON = ODD + [
    ("filename", 1), ("size_bytes", 0), ("size_bytes", -1), ("size_bytes", 1.5), ("size_bytes", "1"),
    ("size_bytes", True), ("size_bytes", MAX_SIZE + 1), ("sha256", "abc"), ("sha256", 5),
    ("expires_after_seconds", "60"), ("expires_after_seconds", True),
]  # fmt: skip

RANGES = [
    None, None, "bytes=0-0", "bytes=2-9", "bytes=4-", "bytes=-3", "bytes=-0", "bytes=0-999999999",
    "bytes=999999999-", "bytes=9-2", "bytes=0-1,3-4", "items=0-1",
]  # fmt: skip
CONDITIONS = [
    (None, None), (None, None), ("If-None-Match", "own"), ("If-None-Match", "weak"), ("If-None-Match", "any"),
    ("If-None-Match", "other"), ("If-Match", "own"), ("If-Match", "any"), ("If-Match", "weak"), ("If-Match", "other"),
    ("If-Range", "own"), ("If-Range", "other"),
]  # fmt: skip

ORGANIZATIONS = st.sampled_from([0, 1])
PERMISSIONS = {
    "owner": ["files:read", "files:write"], "reader": ["files:read"], "writer": ["files:write"],
    "manager": ["keys:manage"],
}  # fmt: skip
# Seen from the organization that a request is about.
ANYBODY = [*PERMISSIONS, "former", "stranger", "gateway", "other gateway", "lost gateway", "trespasser", "nobody"]
WHO = st.sampled_from(["owner"] * 14 + ANYBODY)
WHO_RESOLVES = st.sampled_from(["lost gateway"] * 14 + ANYBODY)
WHO_MANAGES = st.sampled_from(["gateway"] * 7 + ANYBODY)
DECLARATIONS = st.builds(
    declaration, st.sampled_from(NAMES), st.sampled_from(SIZES), st.booleans(), st.sampled_from(LIFETIMES)
)
ASKS = st.builds(lambda text, on: Ask(text, *on), st.sampled_from(RANGES), st.sampled_from(CONDITIONS))
NTH = st.integers(0, 5)  # counted from the newest
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.sampled_from([1, 2, 3, 1_000, 0, 1_001]),
        "status": st.sampled_from(["ready", "pending", "ready", "pending", "old"]),
        "content_type": st.sampled_from(["image/*", "audio/mpeg", "text/*", "*/png"]),
    },
)
BAD_CURSOR = "x"


def nth(values, number):
    return values[-1 - number % len(values)]


def tag(file, which):
    own = f'"{file.id}"'
    return {"own": own, "weak": "W/" + own, "other": '"other"', "any": "*"}[which]


def conditions(file, ask):
    headers = {} if ask.range is None else {"Range": ask.range}
    return headers if ask.condition is None else {**headers, ask.condition: tag(file, ask.tag)}


def send_bytes(method, url, sent, headers=None, **options):
    """Sends bytes, with what is said about them."""
    headers = dict(headers or {})
    if sent.content_type is not None:
        headers["Content-Type"] = sent.content_type
    if sent.only_if_new:
        headers["If-None-Match"] = "*"
    if sent.checksum:
        data = sent.data if sent.checksum == "right" else sent.data + b"x"
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        headers["x-amz-checksum-sha256"] = "abc" if sent.checksum == "malformed" else digest
    data = sent.data
    if sent.is_chunked:
        data = (sent.data[start : start + 10_000] for start in range(0, len(sent.data), 10_000))
    return http(method, url, data=data, headers=headers, **options)
