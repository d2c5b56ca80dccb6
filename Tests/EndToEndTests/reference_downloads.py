"""Downloads from the reference model."""

from reference_answers import DENIED, NO_SUCH_KEY, Refused, answers, ok
from reference_fields import selected
from reference_state import State
from reference_values import URL, URL_LIFETIME, Ask


class Downloads(State):
    """Files are read over the API and by presigned URLs."""

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
