"""One test a row of the verifier's table, named after the tampering, over a real socket: rows 1 to 15."""

import re

import pytest
from cloakroom import element, http, put
from signing import presign
from tampering import AQPE, DATA, file_id, now, refused, removed, replaced, ticket, url


# Row 1
def test_no_parameters_at_all(server, file_id):
    refused(http("GET", f"{server.storage}/files/{file_id}"), 403, "AccessDenied")
    refused(http("PUT", f"{server.storage}/uploads/{file_id}", data=b"x"), 403, "AccessDenied")
    refused(http("DELETE", f"{server.storage}/files/{file_id}"), 403, "AccessDenied")
    refused(http("GET", f"{server.storage}/"), 403, "AccessDenied")


# Row 2
def test_authorization_header_beside_the_parameters(url):
    header = "AWS4-HMAC-SHA256 Credential=AKID/20260101/local/s3/aws4_request, SignedHeaders=host, Signature=00"
    refused(http("GET", url, headers={"Authorization": header}), 400, "InvalidArgument")


def test_another_authorization_scheme_is_ignored_and_not_echoed(client, url):
    response = http("GET", url, headers={"Authorization": f"Bearer {client.key}"})
    assert response.status_code == 200
    broken = http("GET", url + "0", headers={"Authorization": f"Bearer {client.key}"})
    assert client.key not in broken.text


# Row 3
def test_signature_version_2_parameters(server, url, file_id):
    refused(http("GET", url + "&AWSAccessKeyId=AKID&Signature=abc&Expires=1"), 400, "InvalidRequest")
    refused(
        http("GET", f"{server.storage}/files/{file_id}?AWSAccessKeyId=AKID&Signature=abc&Expires=1"),
        400,
        "InvalidRequest",
    )


# Row 4
@pytest.mark.parametrize(
    "name",
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"],
)
def test_a_parameter_removed_emptied_or_doubled(url, name):
    refused(http("GET", removed(url, name)), 400, AQPE, message=name)
    refused(http("GET", replaced(url, name, "")), 400, AQPE, message=name)
    refused(http("GET", f"{url}&{name}=x"), 400, AQPE, message=name)


def test_another_amz_parameter_doubled(url):
    refused(http("GET", f"{url}&X-Amz-Meta=1&X-Amz-Meta=2"), 400, AQPE, message="X-Amz-Meta")


def test_parameter_names_are_case_sensitive(url):
    refused(http("GET", url.replace("X-Amz-Date", "x-amz-date")), 400, AQPE, message="X-Amz-Date")


# Row 5
@pytest.mark.parametrize("algorithm", ["AWS4-HMAC-SHA1", "aws4-hmac-sha256", "AWS4-ECDSA-P256-SHA256", "none"])
def test_another_algorithm(url, algorithm):
    refused(http("GET", replaced(url, "X-Amz-Algorithm", algorithm)), 400, AQPE, message=algorithm)


# Row 6
@pytest.mark.parametrize(
    ("credential", "message"),
    [
        ("{id}", "parts"),
        ("{id}/{day}/local/s3", "parts"),
        ("{id}/{day}/local/s3/aws4_request/more", "parts"),
        ("/{day}/local/s3/aws4_request", "access key id"),
        ("{id}/today/local/s3/aws4_request", "date"),
        ("{id}/{day}/us-east-1/s3/aws4_request", "region"),
        ("{id}/{day}/local/ec2/aws4_request", "service"),
        ("{id}/{day}/local/s3/aws5_request", "last part"),
    ],
)
def test_another_credential(server, url, credential, message):
    day = re.search(r"X-Amz-Date=(\d{8})", url)[1]
    text = credential.format(id=server.signing_keys[0][0], day=day)
    refused(http("GET", replaced(url, "X-Amz-Credential", text)), 400, AQPE, message=message)


def test_signed_for_another_region(server, file_id):
    url = presign(server, "GET", f"/files/{file_id}", region="us-east-1")
    refused(http("GET", url), 400, AQPE, message='the region must be "local"; it is "us-east-1"')


def test_signed_for_another_service(server, file_id):
    refused(http("GET", presign(server, "GET", f"/files/{file_id}", service="execute-api")), 400, AQPE)


# Row 7
@pytest.mark.parametrize(
    "date",
    [
        "20260230T000000Z",
        "20261301T000000Z",
        "20260101T240000Z",
        "20260101T006000Z",
        "2026-01-01T00:00:00Z",
        "20260101T000000",
        "20260101 000000Z",
        "99990101",
        "+0260101T000000Z",
    ],
)
def test_another_form_of_date(url, date):
    refused(http("GET", replaced(url, "X-Amz-Date", date)), 400, AQPE, message="X-Amz-Date")


# Row 8
def test_scope_of_another_day(url):
    changed = re.sub(r"%2F\d{8}%2F", "%2F20200101%2F", url)
    refused(http("GET", changed), 400, AQPE, message="20200101")


# Row 9
@pytest.mark.parametrize("expires", ["3601", "604800", "999999", "1000000", "-1", "+1", "1.0", "1e3", "0x10", "%201"])
def test_another_lifetime(url, expires):
    refused(http("GET", replaced(url, "X-Amz-Expires", expires)), 400, AQPE, message="X-Amz-Expires")


# Row 10
def test_expired(server, file_id):
    response = http("GET", presign(server, "GET", f"/files/{file_id}", expires=60, at=now(seconds=-70)))
    refused(response, 403, "AccessDenied", message="Request has expired")
    assert element(response, "X-Amz-Expires") == "60"
    assert element(response, "Expires") and element(response, "ServerTime")


def test_lifetime_of_zero_is_expired_at_once(server, file_id):
    refused(http("GET", presign(server, "GET", f"/files/{file_id}", expires=0)), 403, "AccessDenied", message="expired")


def test_expired_upload(server, client, ticket):
    headers = {"Content-Type": "image/png"}
    url = presign(server, "PUT", f"/uploads/{ticket['file_id']}", headers=headers, expires=5, at=now(seconds=-10))
    refused(put(url, DATA), 403, "AccessDenied", message="expired")


# Row 11
def test_dated_ahead(server, file_id):
    url = presign(server, "GET", f"/files/{file_id}", at=now(minutes=16))
    refused(http("GET", url), 403, "AccessDenied", message="not yet valid")
    assert http("GET", presign(server, "GET", f"/files/{file_id}", at=now(minutes=14))).status_code == 200


# Row 12
def test_unknown_access_key(server, file_id):
    url = presign(server, "GET", f"/files/{file_id}", key=("AKIAIOSFODNN7EXAMPLE", "secretsecretsecret", ""))
    refused(http("GET", url), 403, "InvalidAccessKeyId")


# Row 13
def test_security_token(server, url):
    refused(http("GET", url + "&X-Amz-Security-Token=token"), 400, "InvalidToken")


# Row 14
@pytest.mark.parametrize("names", ["Host", "host%3Bhost", "x-b%3Bhost", "content-type", "%3Bhost"])
def test_signed_headers_not_in_canonical_form(url, names):
    response = http("GET", replaced(url, "X-Amz-SignedHeaders", names))
    refused(response, 403, "AccessDenied")
    assert element(response, "HeadersNotSigned")


# Row 15
@pytest.mark.parametrize("name", ["x-amz-copy-source", "x-amz-acl", "x-amz-meta-a", "X-Amz-Tagging"])
def test_an_amz_header_that_is_not_signed(url, ticket, name):
    for response in (http("GET", url, headers={name: "v"}), put(ticket["upload_url"], DATA, **{name: "v"})):
        refused(response, 403, "AccessDenied")
        assert element(response, "HeadersNotSigned") == name.lower()


def test_unsigned_payload_and_checksum_headers_need_no_signature(ticket):
    headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-sdk-checksum-algorithm": "CRC32"}
    assert put(ticket["upload_url"], DATA, **headers).status_code == 200


def test_an_unsigned_payload_hash_is_refused(ticket):
    import hashlib

    response = put(ticket["upload_url"], DATA, **{"x-amz-content-sha256": hashlib.sha256(DATA).hexdigest()})
    refused(response, 403, "AccessDenied")
