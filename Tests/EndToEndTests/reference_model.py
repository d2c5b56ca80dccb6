"""What the service promises, as a model in memory: dictionaries and lists, and a clock that is a number.

For each request the model says with which status and error code it is answered, and what of the answer's body matters.
It is written from docs/http.md, docs/security.md and the assumptions (A…) in docs/architecture.md, and knows nothing
of how the service is made. The service chooses ids, secrets and the addresses of URLs; whoever compares the two fills
them in.

Times are seconds since 1970. The model does not say what happens within seconds of a moment at which something ends:
`Model.clear` finds times that are well away from all of them.
"""

import math
import re

from reference_answers import FORBIDDEN, INVALID, NO_FILE, Answer, Refused, answers, ok
from reference_downloads import Downloads
from reference_fields import MEDIA_RANGE, accepts, is_whole
from reference_uploads import Uploads
from reference_values import Key


class Model(Uploads, Downloads):
    """The whole service."""

    # Keys

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
