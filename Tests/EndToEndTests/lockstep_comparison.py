"""What the service shows, held to what the model has."""

import calendar
import hashlib
import time

from lockstep_requests import tag
from test_api import TIME

# A request's time, and what whole seconds hide.
TOLERANCE = 5


def seconds(text):
    assert TIME.fullmatch(text), text
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def check_time(text, moment):
    assert (text is None) == (moment is None), (text, moment)
    assert text is None or abs(seconds(text) - moment) <= TOLERANCE, (text, moment)


def check_record(record, file):
    """A file as the API shows it."""
    digest = None if file.data is None else hashlib.sha256(file.data).hexdigest()
    expected = {
        "file_id": file.id,
        "filename": file.declared["filename"],
        "content_type": file.content_type,
        "size_bytes": file.size,
        "status": file.status,
        "sha256": digest,
    }
    assert set(record) == {*expected, "created_at", "uploaded_at", "expires_at"}
    assert {name: record[name] for name in expected} == expected
    check_time(record["created_at"], file.created_at)
    check_time(record["uploaded_at"], file.uploaded_at)
    check_time(record["expires_at"], file.shown_end)
    if file.data is not None and record["expires_at"]:
        assert seconds(record["expires_at"]) - seconds(record["created_at"]) == file.lifetime


def check_bytes(response, answer, is_head):
    """The bytes of a file, or why there are none."""
    if response.status_code == 416:
        assert response.headers["Content-Range"] == f"bytes */{answer.file.size}"
    if response.status_code >= 400:
        return
    assert response.headers["ETag"] == tag(answer.file, "own")
    if response.status_code == 304:
        assert response.content == b""
        return
    assert response.headers["Content-Type"] == answer.file.content_type
    assert response.headers["Content-Length"] == str(len(answer.data))
    assert response.content == (b"" if is_head else answer.data)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if answer.part:
        assert response.headers["Content-Range"] == "bytes {}-{}/{}".format(*answer.part, answer.file.size)
