"""Presigned URLs that outlast the restarts of a server that is killed."""

import hashlib
import hmac
import time
import urllib.parse

# Ports change with every start; the URLs of a round before go on working, because the public URL stays.
STORAGE_HOST = "storage.example"
OPTIONS = [f"--storage-url=http://{STORAGE_HOST}", "--url-lifetime-seconds=604800"]


def presigned(signing_key, path, host=STORAGE_HOST, region="local", expires=3_600, at=None):
    """A GET URL by AWS's rules for query authentication ("Authenticating Requests: Using Query Parameters")."""
    access_key_id, secret, _ = signing_key
    date = at or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    parameters = {
        "Algorithm": "AWS4-HMAC-SHA256",
        "Credential": f"{access_key_id}/{scope}",
        "Date": date,
        "Expires": expires,
        "SignedHeaders": "host",
    }
    query = urllib.parse.urlencode({f"X-Amz-{name}": value for name, value in parameters.items()})
    canonical = "\n".join(["GET", path, query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"http://{host}{path}?{query}&X-Amz-Signature={hmac.digest(key, text.encode(), 'sha256').hex()}"
