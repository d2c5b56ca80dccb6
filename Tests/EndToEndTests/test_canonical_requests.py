"""Every kind of request in AWS's signing test suite, made afresh: botocore signs, and the server has to agree.

Each kind is sent twice: as it was signed, and signed as one would who got that kind wrong. The first passes the
signature, and is answered by what comes after it: a path that names no file with 404, a parameter that means nothing
with 400, a method that the path does not have with 405. The second gets 403. The names are those of the suite; where
S3 and other services differ, S3's rule counts, and a `-normalized` kind is one that is signed wrongly.
"""

import pytest
from fox import FOX, FOX_SHA256
from raw import Connection, exchange, head
from signing import sign_as_written
from wire import Answer

WRONG = (403, "SignatureDoesNotMatch")
NO_FILE = (404, "NoSuchKey")
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ESCAPED = "".join(f"%{ord(character):02X}" for character in UNRESERVED)


@pytest.fixture(scope="module")
def file_id(client):
    return client.upload(FOX)


def answer(server, method, url, target, *lines, signed=None, body=b""):
    """The answer to a URL that was signed for one target and is sent with another."""
    assert (signed or target) in url
    url = url.replace(signed or target, target, 1)
    return Answer(*exchange(server.storage_address, head(method, url, *lines) + body))


# The kind, the path as it is sent, as S3 has it signed, and as it is signed wrongly.
PATHS = [
    ("get-vanilla", "/", "/", "/files/"),
    ("get-slash", "//", "//", "/"),
    ("get-slashes", "//example//", "//example//", "/example/"),
    ("get-slash-dot-slash", "/./", "/./", "/"),
    ("get-slash-pointless-dot", "/./example", "/./example", "/example"),
    ("get-relative", "/example/..", "/example/..", "/"),
    ("get-relative-relative", "/example1/example2/../..", "/example1/example2/../..", "/"),
    ("get-space", "/example%20space/", "/example%20space/", "/example+space/"),
    ("get-space, encoded twice", "/example%20space/", "/example%20space/", "/example%2520space/"),
    ("get-space, a plus sign is none", "/example+space/", "/example%2Bspace/", "/example%20space/"),
    ("get-unreserved", f"/{UNRESERVED}", f"/{UNRESERVED}", f"/{UNRESERVED}".replace("~", "%7E")),
    ("get-unreserved, escaped", f"/{ESCAPED}", f"/{UNRESERVED}", f"/{ESCAPED}"),
    ("get-utf8", "/%E1%88%B4", "/%E1%88%B4", "/%E1%88%B5"),
    ("get-utf8, small digits", "/%e1%88%b4", "/%E1%88%B4", "/%e1%88%b4"),
    ("get-utf8, not escaped", "/\xe1\x88\xb4", "/%E1%88%B4", "/%C3%A1%C2%88%C2%B4"),
    ("get-utf8, composed", "/%C3%BC", "/%C3%BC", "/u%CC%88"),
    ("reserved characters", "/!$&'()*,:;=@", "/%21%24%26%27%28%29%2A%2C%3A%3B%3D%40", "/!$&'()*,:;=@"),
    ("a percent sign", "/100%25", "/100%25", "/100%2525"),
    ("an escaped slash", "/a%2Fb", "/a/b", "/a%2Fb"),
]


@pytest.mark.parametrize(("sent", "signed", "wrong"), [path[1:] for path in PATHS], ids=[path[0] for path in PATHS])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path(server, method, sent, signed, wrong):
    url = sign_as_written(server, method, signed)
    assert answer(server, method, url, f"{sent}?", signed=f"{signed}?").code == NO_FILE
    url = sign_as_written(server, method, wrong)
    assert answer(server, method, url, f"{sent}?", signed=f"{wrong}?").code == WRONG


def test_a_path_with_a_space_or_a_control_character_is_no_http(server):
    for path in ("/example space/", "/example\tspace/", "/example\x00space/"):
        url = sign_as_written(server, "GET", "/example%20space/").replace("/example%20space/", path)
        assert Answer(*exchange(server.storage_address, head("GET", url))).code == (400, "BadRequest")


# The kind, the query as it is sent, as S3 has it signed, and as it is signed wrongly. All but the names of two
# parameters are answered with what the service does not know.
QUERIES = [
    ("get-vanilla-empty-query-key", "Param1=value1", "Param1=value1", "Param1="),
    ("get-vanilla-query-order-key-case", "Param2=value2&Param1=value1", "Param1=value1&Param2=value2", "Param1=value1"),
    ("names are told apart by case", "param=a&Param=b", "Param=b&param=a", "Param=a&param=b"),
    ("get-vanilla-query-order-encoded", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     "%E1%88%B4=Value1&Param=Value2&Param-3=Value3", "Param=Value2&Param-3=Value3"),
    ("order of values", "Param=b&Param=a&Param=B", "Param=B&Param=a&Param=b", "Param=a&Param=b"),
    ("a parameter that appears twice", "Param=a&Param=a", "Param=a&Param=a", "Param=a"),
    ("get-vanilla-query-unreserved", f"{UNRESERVED}={UNRESERVED}", f"{UNRESERVED}={UNRESERVED}",
     f"{UNRESERVED}={ESCAPED}"),
    ("unreserved characters, escaped", f"{ESCAPED}={ESCAPED}", f"{UNRESERVED}={UNRESERVED}", f"{ESCAPED}={ESCAPED}"),
    ("get-vanilla-utf8-query", "%E1%88%B4=bar", "%E1%88%B4=bar", "%E1%88%B5=bar"),
    ("get-vanilla-utf8-query, small digits", "%e1%88%b4=bar", "%E1%88%B4=bar", "%e1%88%b4=bar"),
    ("get-vanilla-utf8-query, not escaped", "\xe1\x88\xb4=bar", "%E1%88%B4=bar", "%C3%A1%C2%88%C2%B4=bar"),
    ("post-vanilla-empty-query-value", "Param1", "Param1=", "Param1=Param1"),
    ("an empty value", "Param1=", "Param1=", "Param1=%20"),
    ("an equals sign in a value", "Param1=a=b", "Param1=a%3Db", "Param1=a=b"),
    ("reserved characters", "Param1=!$'()*,/:;?@", "Param1=%21%24%27%28%29%2A%2C%2F%3A%3B%3F%40",
     "Param1=!$'()*,/:;?@"),
    ("a space", "Param1=a+b", "Param1=a%20b", "Param1=a%2Bb"),
    ("a plus sign", "Param1=a%2Bb", "Param1=a%2Bb", "Param1=a%20b"),
    ("an ampersand in a value", "Param1=a%26b", "Param1=a%26b", "Param1=a&b="),
    ("a percent sign", "Param1=100%25", "Param1=100%25", "Param1=100%2525"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "signed", "wrong"), [query[1:] for query in QUERIES], ids=[q[0] for q in QUERIES])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query(server, file_id, method, sent, signed, wrong):
    """Also `post-vanilla-query` and `get-vanilla-query`, which are the same with and without a parameter."""
    path = f"/files/{file_id}"
    url = sign_as_written(server, method, f"{path}?{signed}")
    assert answer(server, method, url, f"?{sent}&", signed=f"?{signed}&").code == (400, "InvalidArgument")
    url = sign_as_written(server, method, f"{path}?{wrong}")
    assert answer(server, method, url, f"?{sent}&", signed=f"?{wrong}&").code == WRONG


# As they are sent, as S3 has them signed, and what the service answers with.
DISPOSITIONS = [
    ("attachment%3B%20filename%3D%22a%20b.png%22", "attachment%3B%20filename%3D%22a%20b.png%22",
     'attachment; filename="a b.png"'),
    ("attachment;+filename=%22a+b.png%22", "attachment%3B%20filename%3D%22a%20b.png%22",
     'attachment; filename="a b.png"'),
    ("inline%3B%20filename%3D%22100%25%2B1.png%22", "inline%3B%20filename%3D%22100%25%2B1.png%22",
     'inline; filename="100%+1.png"'),
    ("inline;%20filename*=UTF-8''%25e2%2598%2583.png", "inline%3B%20filename%2A%3DUTF-8%27%27%25e2%2598%2583.png",
     "inline; filename*=UTF-8''%e2%98%83.png"),
    ("inline%3b%20filename%3d%22~-._%26%3d.png%22", "inline%3B%20filename%3D%22~-._%26%3D.png%22",
     'inline; filename="~-._&=.png"'),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "signed", "received"), DISPOSITIONS)
def test_a_parameter_that_is_answered(server, file_id, sent, signed, received):
    name = "response-content-disposition="
    url = sign_as_written(server, "GET", f"/files/{file_id}?{name}{signed}")
    response = answer(server, "GET", url, name + sent, signed=name + signed)
    assert (response.status, response.fields["content-disposition"]) == (200, received)
    assert response.body == FOX


# The kind, the fields as they are sent, those that are signed, and those that are signed wrongly.
FIELDS = [
    ("get-header-key-duplicate", ["My-Header1: value2", "My-Header1: value2", "My-Header1: value1"],
     "value2,value2,value1", "value2,value1"),
    ("get-header-value-order", ["My-Header1: value4", "My-Header1: value1", "My-Header1: value3", "My-Header1: value2"],
     "value4,value1,value3,value2", "value1,value2,value3,value4"),
    ("get-header-value-trim", ["My-Header1:   value1\t "], "value1", "value"),
    ("get-header-value-trim, between quotes", ['My-Header1: "a   b   c"'], '"a b c"', '"abc"'),
    ("get-header-value-multiline, joined", ["My-Header1: value1  value2     value3"], "value1 value2 value3", "value1"),
    ("a list in one field", ["My-Header1: value1,value2"], "value1,value2", "value1, value2"),
    ("an empty value", ["My-Header1:"], "", "value1"),
    ("post-header-key-case", ["MY-HEADER1: value1"], "value1", "value2"),
    ("post-header-value-case", ["My-Header1: VALUE1"], "VALUE1", "value1"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "signed", "wrong"), [field[1:] for field in FIELDS], ids=[f[0] for f in FIELDS])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_field(server, file_id, method, lines, signed, wrong):
    target = f"/files/{file_id}"
    url = sign_as_written(server, method, target, [("My-Header1", signed)])
    response = answer(server, method, url, target, *lines)
    assert response.code == ((200, None) if method == "GET" else (405, "MethodNotAllowed"))
    assert answer(server, method, url, target).code == WRONG
    url = sign_as_written(server, method, target, [("My-Header1", wrong)])
    assert answer(server, method, url, target, *lines).code == WRONG


def test_fields_are_signed_as_botocore_joins_them(server, file_id):
    pairs = [("My-Header1", "b"), ("My-Header1", "  a   c  "), ("Another", "x"), ("z-last", '"d   e"')]
    url = sign_as_written(server, "GET", f"/files/{file_id}", pairs)
    assert "X-Amz-SignedHeaders=another%3Bhost%3Bmy-header1%3Bz-last" in url
    lines = [f"{name}: {value}" for name, value in pairs]
    assert answer(server, "GET", url, "/files/", *lines).body == FOX
    # Another order of names is the same request; another order of one name's values is not.
    assert answer(server, "GET", url, "/files/", *lines[2:], *lines[:2]).body == FOX
    assert answer(server, "GET", url, "/files/", *reversed(lines)).code == WRONG


def test_a_folded_field_is_no_http(server, file_id):
    """`get-header-value-multiline`: RFC 9112 §5.2 lets a server refuse what AWS's suite folds."""
    url = sign_as_written(server, "GET", f"/files/{file_id}", [("My-Header1", "value1 value2 value3")])
    response = answer(server, "GET", url, "/files/", "My-Header1: value1\r\n  value2\r\n     value3")
    assert response.code == (400, "BadRequest")


def test_post_header_key_sort(server, file_id):
    url = sign_as_written(server, "POST", f"/files/{file_id}", [("My-Header1", "value1")])
    assert "X-Amz-SignedHeaders=host%3Bmy-header1" in url
    assert answer(server, "POST", url, "/files/", "My-Header1: value1").code == (405, "MethodNotAllowed")
    unsorted = url.replace("host%3Bmy-header1", "my-header1%3Bhost")
    response = answer(server, "POST", unsorted, "/files/", "My-Header1: value1")
    assert (response.code, response.element("HeadersNotSigned")) == ((403, "AccessDenied"), "host")


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "GET"])
def test_another_method_than_the_signed_one(server, file_id, method):
    """`post-vanilla` and `get-vanilla`."""
    target = f"/files/{file_id}"
    url = sign_as_written(server, method, target)
    expected = (200, None) if method == "GET" else (405, "MethodNotAllowed")
    assert answer(server, method, url, target).code == expected
    assert answer(server, "POST" if method != "POST" else "GET", url, target).code == WRONG


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_session_token(server, file_id, method):
    """`get-vanilla-with-session-token`, `post-sts-header-before` and `-after`: there are no temporary credentials."""
    token = "X-Amz-Security-Token=6e86291e8372ff2a2260956d9b8aae1d"
    before = sign_as_written(server, method, f"/files/{file_id}?{token}")
    after = sign_as_written(server, method, f"/files/{file_id}") + "&" + token
    for url in (before, after):
        assert answer(server, method, url, "/files/").code == (400, "InvalidToken")


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("received", [FORM, f"{FORM}; charset=iso-8859-1"])
def test_a_signed_body(server, client, received):
    """`post-x-www-form-urlencoded` and `-parameters`: type, length and the body's hash are signed."""
    file_id = client.mint(len(FOX), "form", received)["file_id"]
    fields = [("Content-Type", received), ("Content-Length", "43"), ("x-amz-content-sha256", FOX_SHA256)]
    lines = [f"{name}: {value}" for name, value in fields]
    url = sign_as_written(server, "PUT", f"/uploads/{file_id}", fields)
    assert "content-length%3Bcontent-type%3Bhost%3Bx-amz-content-sha256" in url
    other = answer(server, "PUT", url, "/uploads/", *lines, body=FOX.replace(b"dog", b"cog"))
    assert other.code == (400, "XAmzContentSHA256Mismatch")
    assert answer(server, "PUT", url, "/uploads/", *lines, body=FOX).status == 200
    assert client.get(f"/v1/files/{file_id}").json()["sha256"] == FOX_SHA256
    posted = sign_as_written(server, "POST", f"/uploads/{file_id}", fields)
    assert answer(server, "POST", posted, "/uploads/", *lines, body=FOX).code == (405, "MethodNotAllowed")
    lines[2] = lines[2].replace("d7a8", "d7a9")
    assert answer(server, "POST", posted, "/uploads/", *lines, body=FOX).code == WRONG
