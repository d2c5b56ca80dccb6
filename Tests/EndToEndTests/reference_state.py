"""What the reference model knows: keys, files and quotas, and the clock by which they end."""

from reference_answers import FORBIDDEN, INVALID, NO_FILE, UNAUTHORIZED, Refused
from reference_values import ABANDONED_AFTER, IDEMPOTENCY_LIFETIME


class State:
    """Keys, files and quotas, and who may do what with them."""

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
