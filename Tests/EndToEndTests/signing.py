"""botocore as the other signer: what it signs, the server has to accept, and the other way round."""

import datetime
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
from botocore.config import Config


def s3(server):
    """boto3 with path-style addressing, holding the server's signing key."""
    access_key_id, secret, _ = server.signing_keys[0]
    return boto3.client(
        "s3",
        endpoint_url=server.storage,
        region_name="local",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def presign(
    server, method, path, *, headers=None, params=None, expires=3600, at=None, region="local", service="s3", key=None,
    host=None,
):
    """Signs a URL with botocore's own query signer, at any time and with any headers."""
    access_key_id, secret, _ = key or server.signing_keys[0]
    credentials = botocore.credentials.Credentials(access_key_id, secret)
    base = server.storage if host is None else f"http://{host}"
    request = botocore.awsrequest.AWSRequest(method, base + path, headers=headers or {}, params=params or {})
    # AWSRequest keeps parameters apart; the signer wants them in the URL.
    request.url = request.prepare().url
    request.params = {}
    signer = botocore.auth.S3SigV4QueryAuth(credentials, service, region, expires=expires)
    at = at or datetime.datetime.now(datetime.timezone.utc)
    original = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *_, **__: at.replace(tzinfo=None)
    try:
        signer.add_auth(request)
    finally:
        botocore.auth.get_current_datetime = original
    return request.url


def sign_as_written(server, method, target, headers=()):
    """A URL whose canonical request botocore makes of a target as it is written: its path and query in SigV4's form.

    Unlike `presign`, it keeps parameters that appear twice. Headers are pairs, and can appear twice, too.
    """
    access_key_id, *_ = server.signing_keys[0]
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    names = ";".join(sorted({"host", *(name.lower() for name, _ in headers)}))
    parameters = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{access_key_id}/{date[:8]}/local/s3/aws4_request",
        "X-Amz-Date": date,
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": names,
    }
    query = "&".join(f"{name}={urllib.parse.quote(value, safe='')}" for name, value in parameters.items())
    url = f"{server.storage}{target}{'&' if '?' in target else '?'}{query}"
    return f"{url}&X-Amz-Signature={recomputed_signature(server, method, url, headers)}"


def recomputed_signature(server, method, url, headers):
    """The signature that botocore computes for a URL that is already signed; headers are a dictionary or pairs."""
    parts = urllib.parse.urlsplit(url)
    pairs = [pair for pair in parts.query.split("&") if not pair.startswith("X-Amz-Signature=")]
    query = dict(urllib.parse.parse_qsl("&".join(pairs), keep_blank_values=True))
    access_key_id, secret, _ = server.signing_keys[0]
    signer = botocore.auth.S3SigV4QueryAuth(botocore.credentials.Credentials(access_key_id, secret), "s3", "local")
    request = botocore.awsrequest.AWSRequest(method, url)
    for name, value in getattr(headers, "items", lambda: headers)():
        request.headers[name] = value  # Adds to what is there.
    request.url = urllib.parse.urlunsplit(parts._replace(query="&".join(pairs)))
    request.context["timestamp"] = query["X-Amz-Date"]
    canonical = signer.canonical_request(request)
    return signer.signature(signer.string_to_sign(request, canonical), request)
