"""What the fields of a request may be, and what they mean."""

import re

from reference_values import MAX_FILE_LIFETIME, MAX_SIZE

TOP_LEVEL_TYPES = {
    "application", "audio", "example", "font", "haptics", "image", "message", "model", "multipart", "text", "video",
}  # fmt: skip
# The known extensions among the names that are tried.
EXTENSIONS = {"png": {"image/png"}, "mp3": {"audio/mpeg", "audio/mp3"}}
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
MEDIA_RANGE = r"[a-z]+/(\*|[a-z0-9.+-]+)"


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
