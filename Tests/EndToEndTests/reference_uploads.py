"""Uploads to the reference model."""

import hashlib
import math

from reference_answers import (
    COMPLETED, DENIED, INVALID, NO_SUCH_KEY, OVER_QUOTA, REUSED, Refused, Unpromised, answers, ok,
)  # fmt: skip
from reference_fields import is_same_type, wrong_fields, wrong_key
from reference_state import State
from reference_values import IDEMPOTENCY_LIFETIME, URL, URL_LIFETIME, File


class Uploads(State):
    """Files are declared and sent, in one request or two."""

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
