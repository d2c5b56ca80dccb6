"""Signature Version 4 of a URL, written from AWS's documentation alone: neither our code nor botocore's.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import datetime
import hashlib
import hmac
import urllib.parse

from cloakroom import EVIDENCE

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

# The parameters that depend on the key and the time, as nearly every signer writes them.
PARAMETERS = {
    "ALGORITHM": "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    "CREDENTIAL": "X-Amz-Credential={id}%2F{day}%2Flocal%2Fs3%2Faws4_request",
    "DATE": "X-Amz-Date={date}",
    "EXPIRES": "X-Amz-Expires=900",
    "HOST": "X-Amz-SignedHeaders=host",
    "SIGNATURE": "X-Amz-Signature={signature}",
}


def query(words):
    """A query in the order of its words: names in capitals stand for PARAMETERS, others are as they appear."""
    return "&".join(PARAMETERS.get(word, word) for word in words.split())


def encode(data, safe=""):
    """AWS's UriEncode: everything but the unreserved characters, in capital hexadecimal."""
    return urllib.parse.quote(data, safe=safe + "-_.~")


def canonical_query(text):
    """The canonical query string of a query as it is sent; a plus sign is a space there, as in forms."""
    pairs = (pair.partition("=") for pair in text.split("&"))
    decoded = ((urllib.parse.unquote_to_bytes(name.replace("+", " ")),
                urllib.parse.unquote_to_bytes(value.replace("+", " "))) for name, _, value in pairs)  # fmt: skip
    return "&".join(sorted(f"{encode(name)}={encode(value)}" for name, value in decoded if name != b"X-Amz-Signature"))


def canonical_headers(signed, headers):
    """One line for each signed header: lower case, without white space at the ends or runs of it."""
    values = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    return "".join(f"{name}:{values[name]}\n" for name in signed.split(";"))


def canonical_request(method, path, text, headers, payload=UNSIGNED_PAYLOAD):
    """The canonical request of a request whose query carries its X-Amz-SignedHeaders."""
    signed = urllib.parse.parse_qs(text)["X-Amz-SignedHeaders"][0]
    uri = encode(urllib.parse.unquote_to_bytes(path), safe="/")
    return "\n".join([method, uri, canonical_query(text), canonical_headers(signed, headers), signed, payload])


def signature(secret, date, region, request):
    """The signature of a canonical request."""
    key = ("AWS4" + secret).encode()
    for part in (date[:8], region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{date}\n{date[:8]}/{region}/s3/aws4_request\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def sign(server, method, path, template, headers=None, payload=UNSIGNED_PAYLOAD):
    """A URL of the server's storage origin: the template with the server's key, the time and its signature."""
    access_key_id, secret, _ = server.signing_keys[0]
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    text = template.replace("{id}", access_key_id).replace("{date}", date).replace("{day}", date[:8])
    host = server.storage.removeprefix("http://")
    request = canonical_request(method, path, text, {**(headers or {}), "Host": host}, payload)
    url = f"{server.storage}{path}?" + text.replace("{signature}", signature(secret, date, "local", request))
    EVIDENCE.signature_of(url)
    return url
