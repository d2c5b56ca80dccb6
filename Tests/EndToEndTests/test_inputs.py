"""POST /v1/inputs/resolve: references in any JSON become URLs, and nothing else changes by a byte."""

import hashlib
import json
import uuid

import pytest
from cloakroom import http
from resolving import (
    ORGANIZATION, UNKNOWN, gateway, image, member, owner, pointers, raw_urls, resolve, resolved, send, sound,
)  # fmt: skip
from test_api import FILE_ID, TIME, error, fields


def test_references_become_urls_that_work(gateway, owner, image, sound):
    text = json.dumps({"prompt": "an oil painting", "image": image, "more": [{"voice": sound}, 5]})
    response = resolved(gateway, text)
    answer = response.json()
    assert set(answer) == {"input", "files"}
    assert pointers(response) == {image: ["/image"], sound: ["/more/0/voice"]}
    for file_id, data, place in (
        (image, b"an image", answer["input"]["image"]),
        (sound, b"a sound", answer["input"]["more"][0]["voice"]),
    ):
        file, record = answer["files"][file_id], owner.get(f"/v1/files/{file_id}").json()
        assert set(file) == {
            "url", "expires_at", "filename", "content_type", "size_bytes", "sha256", "pointers",
        }  # fmt: skip
        assert file["url"] == place and http("GET", place).content == data
        assert TIME.fullmatch(file["expires_at"]) and file["sha256"] == hashlib.sha256(data).hexdigest()
        for name in ("filename", "content_type", "size_bytes"):
            assert file[name] == record[name]


PRESERVED = [
    "REF", "[REF]", '{"a":REF}', "null", "true", "false", "0", '""', "[]", "{}", "[[],{},[{}]]", '{"":REF}',
    # Numbers.
    "[1e400,-1E+400,1e-400]", "[-0,0,-0.0,0e0]", "[1.0000,1.10]", "12345678901234567890123",
    "[9007199254740993,18446744073709551616,-9223372036854775809]", "[6.02E+23,1e5,1E5,0.1e-10]",
    # Order, and names that only look the same.
    '{"b":1,"a":REF,"B":2}', '{"z":{"y":REF,"x":REF},"a":REF,"x":{"y":[]}}', '{"é":1,"e\u0301":REF}',
    r'{"\ud800":REF,"\ud801":REF,"\ufffd":REF}', r'{"\u212b":1,"\u00c5":2}', '[{"a":1},{"a":REF}]',
    # Escapes.
    r'["\u00e9","é","\u00E9"]', r'["\/","/","\\"]', r'"\b\f\n\r\t\"\\\/"', r'["\u0000","\u001F","\u007f"]',
    r'["\ud83d\ude00","\uD83D\uDE00","😀"]',
    '["e\u0301","\u2028\u2029","\ufeff","\x7f","\U0010ffff","\ufffd","\u202e"]',
    r'["\ud800","\udc00\ud800","a\udfffb",REF]', r'{"\u00e9":REF,"\/":REF}', r'{"\ud800":1,"a":REF}',
    # White space.
    '{ "a" :\t[ 1 ,\r\n\n REF ]\t, "b":{ } , "c" : [ ] }', "[\n  REF,\n  REF\n]", "[ \t\n\r]",
    # Strings that hold what separates JSON.
    '["}","]",",",":","{\\"a\\":1}",REF,"\\"","\\\\",REF]', r'{"\"}":REF,"\\":[REF]}',
    # What looks like the answer or the request.
    '{"input":REF,"files":{"a":REF},"organization_id":"acme","accept":{}}',
]  # fmt: skip


@pytest.mark.parametrize("text", PRESERVED)
def test_whatever_is_no_reference_stays_byte_for_byte(gateway, image, text):
    response = resolved(gateway, text.replace("REF", f'"{image}"'))
    files = response.json()["files"]
    assert list(files) == ([image] if "REF" in text else [])
    assert member(response, "input") == text.replace("REF", json.dumps(files[image]["url"]) if files else "")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"b":1,"a":REF,"b":2}', "/b"),
        ('{"z":{"y":REF,"x":REF,"y":[]},"a":REF}', "/z/y"),
        ('{"a":1,"\\u0061":REF}', "/a"),
        ('[0,{"a/b":[{"m~n":1,"c":2,"m~n":1}]}]', "/1/a~1b/0/m~0n"),
        ('{"":{"":1,"":2}}', "//"),
        (r'{"\ud83d\ude00":1,"😀":1}', "/😀"),
        ("[" * 63 + '{"a":1,"a":1}' + "]" * 63, "/0" * 63 + "/a"),
    ],
)
def test_a_name_that_appears_twice_in_an_object_is_refused(gateway, image, text, where):
    """One reader takes the first, another the last: the gateway would resolve what the model does not read."""
    response = resolve(gateway, text.replace("REF", f'"{image}"'))
    [field] = error(response, 400, "INPUT_VALIDATION_ERROR")["details"]["fields"]
    assert (field["field"], field["pointer"]) == ("input", where)


def test_long_numbers_and_strings_stay(gateway, image):
    text = f'["{"é" * 100_000}", {"7" * 100_000}.{"0" * 100_000}, "{image}", "{"file_" * 10_000}"]'
    response = resolved(gateway, text)
    url = json.loads(member(response, "files"))[image]["url"]
    assert member(response, "input") == text.replace(image, url)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("REF", [""]),
        ('{"a/b": {"m~n": ["x", REF]}}', ["/a~1b/m~0n/1"]),
        ('{"~1": REF, "~0": REF, "/": REF, "~": REF}', ["/~01", "/~00", "/~1", "/~0"]),
        ('{"": REF, " ": {"": REF}}', ["/", "/ /"]),
        ('{"é": REF, "\\u00e8": REF, "\\ud83d\\ude00": REF}', ["/é", "/è", "/😀"]),
        ('{"\\/": REF, "\\"": REF, "\\\\": REF, "\\n": REF}', ["/~1", '/"', "/\\", "/\n"]),
        ('{"0": REF, "list": [REF, [REF, {"-": REF}]]}', ["/0", "/list/0", "/list/1/0", "/list/1/1/-"]),
        ("[" + "0," * 11 + "REF]", ["/11"]),
        ('{"b": REF, "a": REF, "c": [REF, REF]}', ["/b", "/a", "/c/0", "/c/1"]),
        ('{"%2F": REF, "a+b": REF, "#": REF}', ["/%2F", "/a+b", "/#"]),
    ],
)
def test_pointers_lead_to_every_place_in_order(gateway, image, text, where):
    assert pointers(resolved(gateway, text.replace("REF", f'"{image}"'))) == {image: where}


@pytest.mark.parametrize("escape", [r"\u0066ile_", r"file\u005f", r"\u0066\u0069\u006c\u0065\u005F"])
def test_an_escaped_reference_is_one(gateway, image, escape):
    text = f'"{image.replace("file_", escape)}"'
    response = resolved(gateway, f'{{"a": {text}}}')
    assert pointers(response) == {image: ["/a"]}
    assert member(response, "input") == f'{{"a": {json.dumps(response.json()["files"][image]["url"])}}}'
    found = error(resolve(gateway, text.replace(image[-12:], "0" * 12)), 404, "FILE_NOT_FOUND")
    assert found["details"]["file_ids"] == [image[:-12] + "0" * 12]


def test_what_only_looks_like_a_reference_stays(gateway, image):
    looks = [
        "file_", "file_x", image.upper(), "File" + image[4:], "file_" + image[5:].upper().replace("F", "E"), image[:-1],
        image + "0", " " + image, image + " ", image + "\n", image + "\x00", image.replace("-", ""), image[5:],
        f"file_{{{image[5:]}}}", f"<{image}>", f"{image} in oil", f"{image},{image}", image.replace("_", "-"),
        image[:-1] + "\u0660", image.replace("-", "\u2010"), image + "\u0301", f"files/{image}",
    ]  # fmt: skip
    text = json.dumps([look for look in looks if not FILE_ID.fullmatch(look)])
    response = resolved(gateway, text)
    assert (member(response, "input"), response.json()["files"]) == (text, {})


def test_member_names_are_never_references_or_urls(gateway, image):
    text = f'{{"{image}": 1, "{UNKNOWN}": {{"{image}": "x"}}, "https://example.com/": [], "data:,x": "{image}"}}'
    response = resolved(gateway, text)
    assert pointers(response) == {image: ["/data:,x"]}
    assert member(response, "input").startswith(text[: text.rindex(image)])


def test_what_is_missing_is_missing_in_the_same_way(server, gateway, owner, image):
    deleted = owner.upload(b"deleted")
    owner.delete(f"/v1/files/{deleted}")
    foreign = server.client("default").upload(b"foreign")
    nil = "file_00000000-0000-0000-0000-000000000000"
    answers = []
    for missing in (UNKNOWN, nil, f"file_{uuid.uuid4()}", owner.mint(5)["file_id"], deleted, foreign):
        found = error(resolve(gateway, json.dumps({"a": image, "b": [missing]})), 404, "FILE_NOT_FOUND")
        assert found["details"] == {"file_ids": [missing], "files": [{"file_id": missing, "pointers": ["/b/0"]}]}
        answers.append(found["message"])
    assert len(set(answers)) == 1


def test_everything_missing_is_listed_in_order_with_its_pointers(gateway, image):
    first, second = f"file_{uuid.UUID(int=2)}", f"file_{uuid.UUID(int=1)}"
    response = resolve(gateway, json.dumps([first, {"z": second, "a": first}, image, second]))
    assert error(response, 404, "FILE_NOT_FOUND")["details"] == {
        "file_ids": [first, second],
        "files": [{"file_id": first, "pointers": ["/0", "/1/a"]}, {"file_id": second, "pointers": ["/1/z", "/3"]}],
    }


def test_the_more_basic_error_goes_first(gateway, image):
    accept = {"": ["audio/*"]}
    assert raw_urls(resolve(gateway, json.dumps([image, UNKNOWN, "http://x"]), accept)) == ["/2"]
    error(resolve(gateway, json.dumps([image, UNKNOWN]), accept), 404, "FILE_NOT_FOUND")
    error(resolve(gateway, json.dumps([image]), accept), 422, "FILE_FORMAT_UNSUPPORTED")


@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")], ids=["arrays", "objects", "both"]
)
def test_64_levels_and_no_more(gateway, image, opening, closing):
    times = 64 // sum(opening.count(bracket) for bracket in "[{")
    text = opening * times + f'"{image}"' + closing * times
    response = resolved(gateway, text)
    assert member(response, "input") == text.replace(image, response.json()["files"][image]["url"])
    for deeper in (f"[{text}]", opening * times + "[]" + closing * times, f'{{"b":[],"a":{text}}}'):
        error(resolve(gateway, deeper), 400, "INPUT_VALIDATION_ERROR")
    for times in (10_000, 100_000):
        error(resolve(gateway, opening * times + closing * times), 400, "INPUT_VALIDATION_ERROR")
        error(resolve(gateway, opening * times), 400, "INPUT_VALIDATION_ERROR")


def test_a_thousand_references_and_no_more(gateway, image):
    missing = [f"file_{uuid.UUID(int=number)}" for number in range(1_000)]
    found = error(resolve(gateway, json.dumps([image, *missing[:999]])), 404, "FILE_NOT_FOUND")
    assert found["details"]["file_ids"] == missing[:999]
    error(resolve(gateway, json.dumps([image, *missing])), 400, "INPUT_VALIDATION_ERROR")
    response = resolved(gateway, json.dumps([image] * 5_000))
    assert pointers(response) == {image: [f"/{index}" for index in range(5_000)]}


def test_a_body_of_one_mebibyte_and_no_more(gateway):
    around = len(f'{{"organization_id": "{ORGANIZATION}", "input": ""}}')
    for length, status in ((1_048_576, 200), (1_048_577, 413)):
        response = send(gateway, f'{{"organization_id": "{ORGANIZATION}", "input": "{"x" * (length - around)}"}}')
        assert response.status_code == status
    error(response, 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("{}", ["input", "organization_id"]),
        ('{"input": 1}', ["organization_id"]),
        ('{"organization_id": "inputs"}', ["input"]),
        ('{"organization_id": "UPPER", "input": null}', ["organization_id"]),
        ('{"organization_id": 1, "input": null}', ["organization_id"]),
        ('{"organization_id": "", "input": 1, "accept": 5}', ["accept", "organization_id"]),
        ('{"organization_id": "inputs", "organization_id": "inputs", "input": 1}', ["organization_id"]),
        ('{"organization_id": "inputs", "input": 1, "input": 1}', ["input"]),
        (r'{"organization_id": "inputs", "\u0069nput": 1, "input": 1}', ["input"]),
        ('{"organization_id": "inputs", "input": 1, "accept": {}, "accept": {}}', ["accept"]),
        ("", ["body"]),
        ("[]", ["body"]),
        ("null", ["body"]),
        ('{"organization_id": "inputs", "input": }', ["body"]),
        ('{"organization_id": "inputs", "input": 1', ["body"]),
        ('{"organization_id": "inputs", "input": 1} x', ["body"]),
        ('{"organization_id": "inputs", "input": 1,}', ["body"]),
        ('{"organization_id": "inputs", "input": [1,]}', ["body"]),
        ('{"organization_id": "inputs", "input": 01}', ["body"]),
        ('{"organization_id": "inputs", "input": 1.}', ["body"]),
        ('{"organization_id": "inputs", "input": NaN}', ["body"]),
        ('{"organization_id": "inputs", "input": "a\nb"}', ["body"]),
        (r'{"organization_id": "inputs", "input": "\x41"}', ["body"]),
        (r'{"organization_id": "inputs", "input": "\u12g4"}', ["body"]),
        (b'{"organization_id": "inputs", "input": "\xed\xa0\x80"}', ["body"]),
        (b'{"organization_id": "inputs", "input": "\xff"}', ["body"]),
        (b'{"organization_id": "inputs", "input": "\xc0\xaf"}', ["body"]),
    ],
)
def test_every_bad_field_is_named(gateway, body, wrong):
    assert fields(send(gateway, body)) == wrong


@pytest.mark.parametrize(
    "body",
    [
        '{"x": 1, "organization_id": "inputs", "X": [2], "input": [ 1 ]}',
        '{"input":[ 1 ],"accept":{},"organization_id":"inputs"}',
        r' {"\u0069nput" : [ 1 ] , "organization\u005fid" : "\u0069nputs"} ',
        '{"organization_id": "inputs", "Input": "http://x", "input": [ 1 ], "more": {"input": "s3://x"}}',
    ],
)
def test_other_members_are_ignored_and_order_does_not_matter(gateway, body):
    response = send(gateway, body)
    assert response.status_code == 200 and member(response, "input") == "[ 1 ]"


def test_only_a_gateway_that_reads_files_resolves(server, owner, image):
    body = f'{{"organization_id": "{ORGANIZATION}", "input": "{image}"}}'
    for client in (owner, server.client("", "files:write", "keys:manage", gateway=True)):
        error(send(client, body), 403, "FORBIDDEN")
    assert http("POST", server.api + "/v1/inputs/resolve", data=body).status_code == 401
    assert send(server.client("", "files:read", gateway=True), body).status_code == 200


def test_a_header_that_names_another_organization_is_refused(gateway, image):
    body = f'{{"organization_id": "{ORGANIZATION}", "input": "{image}"}}'
    for organization, status in ((ORGANIZATION, 200), ("acme", 400)):
        assert send(gateway, body, headers={"X-Organization-ID": organization}).status_code == status
