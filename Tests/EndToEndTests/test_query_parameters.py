"""Parameters that signers add to a URL: those without effect, those that bind the body, and those that are refused."""

import urllib.parse

import pytest
import sigv4
from client_urls import PLAIN
from fox import COG, FOX, FOX_CHECKSUMS, FOX_SHA256
from wire import send

PNG = {"Content-Type": "image/png"}
AQPE = (400, "AuthorizationQueryParametersError")

WITHOUT_EFFECT = [
    "x-id=GetObject",
    "x-id=PutObject",
    "x-id=",
    "x-id=%E2%98%83",
    "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD",
    "X-Amz-Content-SHA256=UNSIGNED-PAYLOAD",
    "x-amz-content-sha256=UNSIGNED-PAYLOAD",
    "x-amz-checksum-mode=ENABLED",
    "X-Amz-Checksum-Mode=ENABLED",
    "x-amz-sdk-checksum-algorithm=CRC32",
    "X-Amz-Sdk-Checksum-Algorithm=SHA256",
    "X-Amz-User-Agent=aws-sdk-php%2F3.224.1%20OS%2FLinux%23x86_64",
    "x-amz-user-agent=aws-sdk-js%2F3.6.1%20%28%C3%BC%29",
    "Content-Type=image%2Fpng",
    # Of the empty body.
    "x-amz-checksum-crc32=AAAAAA%3D%3D",
    "X-Amz-Checksum-Crc32=AAAAAA%3D%3D",
    "x-amz-checksum-sha256=47DEQpj8HBSa%2B%2FTImW%2B5JCeuQeRkm5NMpJWZG3hSuFU%3D",
]

NO_PAYLOAD_HASHES = [
    "",
    "unsigned-payload",
    "UNSIGNED-PAYLOAD%20",
    FOX_SHA256,
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
]

REFUSED = [
    "partNumber=1",
    "uploadId=VD1RQ2b_awg7",
    "versionId=3",
    "acl=",
    "tagging=",
    "uploads=",
    "Content-MD5=nhB9nTcrtoJr2B01QqQZ1g%3D%3D",
    "content-type=image%2Fpng",
    "response-content-encoding=gzip",
    "x-amz-acl=public-read",
    "x-amz-copy-source=%2Ffiles%2Ffile_00000000-0000-0000-0000-000000000000",
    "x-amz-meta-colour=red",
    "X-Amz-Meta-Colour=red",
    "x-amz-object-lock-mode=GOVERNANCE",
    "x-amz-request-payer=requester",
    "x-amz-server-side-encryption=AES256",
    "x-amz-storage-class=STANDARD",
    "x-amz-tagging=a%3Db",
    "x-amz-content-sha=UNSIGNED-PAYLOAD",
    "x-amz-id=GetObject",
    "anything=1",
]


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(FOX)


@pytest.fixture
def upload(client):
    return client.mint(len(FOX))["file_id"]


def signed(server, method, path, *parameters):
    return sigv4.sign(server, method, path, sigv4.query(" ".join([PLAIN, *parameters])))


def status_of(client, file_id):
    return client.get(f"/v1/files/{file_id}").json()["status"]


@pytest.mark.parametrize("parameter", WITHOUT_EFFECT)
def test_a_parameter_without_effect(server, client, file_id, upload, parameter):
    assert send(server, "GET", signed(server, "GET", f"/files/{file_id}", parameter)).body == FOX
    answer = send(server, "PUT", signed(server, "PUT", f"/uploads/{upload}", parameter), PNG, FOX)
    assert answer.status == 200, answer.body
    assert client.get(f"/v1/files/{upload}").json()["sha256"] == FOX_SHA256


@pytest.mark.parametrize("parameter", WITHOUT_EFFECT + REFUSED)
def test_a_parameter_that_is_not_signed(server, file_id, parameter):
    url = signed(server, "GET", f"/files/{file_id}")
    assert send(server, "GET", url).status == 200
    assert send(server, "GET", f"{url}&{parameter}").code == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("parameter", WITHOUT_EFFECT)
def test_a_signed_parameter_that_is_removed_or_changed(server, file_id, parameter):
    url = signed(server, "GET", f"/files/{file_id}", parameter)
    assert send(server, "GET", url.replace(f"&{parameter}", "")).code == (403, "SignatureDoesNotMatch")
    assert send(server, "GET", f"{url}x").code == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("parameter", [text for text in WITHOUT_EFFECT if text.lower().startswith("x-amz-")])
def test_a_parameter_that_appears_twice(server, file_id, parameter):
    answer = send(server, "GET", signed(server, "GET", f"/files/{file_id}", parameter, parameter))
    assert answer.code == AQPE
    assert parameter.partition("=")[0].lower() in answer.element("Message").lower()


def test_the_case_of_a_name_makes_no_other_parameter(server, file_id):
    pair = ["X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", "x-amz-content-sha256=UNSIGNED-PAYLOAD"]
    assert send(server, "GET", signed(server, "GET", f"/files/{file_id}", *pair)).code == AQPE


@pytest.mark.parametrize("value", NO_PAYLOAD_HASHES)
@pytest.mark.parametrize("name", ["X-Amz-Content-Sha256", "x-amz-content-sha256"])
def test_another_payload_hash_in_the_query(server, client, file_id, upload, name, value):
    answer = send(server, "GET", signed(server, "GET", f"/files/{file_id}", f"{name}={value}"))
    assert answer.code == (400, "InvalidArgument")
    assert name in answer.element("Message")
    answer = send(server, "PUT", signed(server, "PUT", f"/uploads/{upload}", f"{name}={value}"), PNG, FOX)
    assert answer.code == (400, "InvalidArgument")
    assert status_of(client, upload) == "pending"


@pytest.mark.parametrize("parameter", REFUSED)
def test_a_signed_parameter_that_means_nothing_here(server, client, file_id, upload, parameter):
    name = parameter.partition("=")[0]
    answer = send(server, "GET", signed(server, "GET", f"/files/{file_id}", parameter))
    assert answer.code == (400, "InvalidArgument")
    assert name in answer.element("Message")
    assert send(server, "HEAD", signed(server, "GET", f"/files/{file_id}", parameter)).status == 400
    answer = send(server, "PUT", signed(server, "PUT", f"/uploads/{upload}", parameter), PNG, FOX)
    assert answer.code == (400, "InvalidArgument")
    assert status_of(client, upload) == "pending"


@pytest.mark.parametrize("form", [str.lower, str.title])
@pytest.mark.parametrize("algorithm", FOX_CHECKSUMS)
def test_a_checksum_in_the_query_binds_the_body(server, client, upload, algorithm, form):
    value = urllib.parse.quote(FOX_CHECKSUMS[algorithm], safe="")
    url = signed(server, "PUT", f"/uploads/{upload}", f"{form(f'x-amz-checksum-{algorithm}')}={value}")
    for chunked in (False, True):
        assert send(server, "PUT", url, PNG, COG, chunked).code == (400, "BadDigest")
    assert status_of(client, upload) == "pending"
    assert send(server, "PUT", url, PNG, FOX).status == 200
    assert client.get(f"/v1/files/{upload}").json()["sha256"] == FOX_SHA256


@pytest.mark.parametrize("algorithm", FOX_CHECKSUMS)
def test_a_checksum_in_the_query_that_is_none(server, client, upload, algorithm):
    for value in ("", "AAAA", "%2A"):
        url = signed(server, "PUT", f"/uploads/{upload}", f"x-amz-checksum-{algorithm}={value}")
        assert send(server, "PUT", url, PNG, FOX).status == 400
    assert status_of(client, upload) == "pending"


def test_checksums_in_query_and_fields_hold_side_by_side(server, client, upload):
    value = urllib.parse.quote(FOX_CHECKSUMS["sha256"], safe="")
    url = signed(server, "PUT", f"/uploads/{upload}", f"x-amz-checksum-sha256={value}")
    wrong = {**PNG, "x-amz-checksum-crc32": "RiJnIA=="}
    assert send(server, "PUT", url, wrong, FOX).code == (400, "BadDigest")
    right = {**PNG, "x-amz-checksum-crc32": FOX_CHECKSUMS["crc32"]}
    assert send(server, "PUT", url, right, COG).code == (400, "BadDigest")
    assert status_of(client, upload) == "pending"
    assert send(server, "PUT", url, right, FOX).status == 200


def test_the_checksum_of_no_body_leaves_that_of_a_field_in_force(server, client, upload):
    url = signed(server, "PUT", f"/uploads/{upload}", "x-amz-checksum-crc32=AAAAAA%3D%3D")
    fields = {**PNG, "x-amz-checksum-crc32": FOX_CHECKSUMS["crc32"]}
    assert send(server, "PUT", url, fields, COG).code == (400, "BadDigest")
    assert status_of(client, upload) == "pending"
    assert send(server, "PUT", url, fields, FOX).status == 200
