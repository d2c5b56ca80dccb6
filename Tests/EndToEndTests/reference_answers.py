"""What the reference model answers: outcomes, and what of an answer matters."""

import functools
from dataclasses import dataclass

from reference_values import URL, File, Key


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
