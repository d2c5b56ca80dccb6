"""POST /v1/inputs/resolve: references in any JSON become URLs, and nothing else changes by a byte."""

import collections
import hashlib
import json
import os
import random
import re
import uuid

import pytest
from cloakroom import http
from test_api import FILE_ID, TIME, error, fields

ORGANIZATION = "inputs"
UNKNOWN = "file_f47ac10b-58cc-4372-a567-0e02b2c3d479"


@pytest.fixture(scope="module")
def owner(server):
    return server.client(ORGANIZATION)


@pytest.fixture(scope="module")
def gateway(server):
    return server.client(gateway=True)


@pytest.fixture(scope="module")
def image(owner):
    return owner.upload(b"an image")


@pytest.fixture(scope="module")
def sound(owner):
    return owner.upload(b"a sound", "a.mp3", "audio/mpeg")


def send(gateway, body, **options):
    data = body if isinstance(body, bytes) else body.encode()
    return gateway.post("/v1/inputs/resolve", data=data, **options)


def resolve(gateway, text, accept=None):
    """Sends the text of an input as it stands."""
    rest = "" if accept is None else f', "accept": {json.dumps(accept)}'
    return send(gateway, f'{{"organization_id": "{ORGANIZATION}", "input":  {text} {rest}}}')


def member(response, wanted):
    """The text of a member of the answer, as it stands."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    text = response.content.decode()
    at = text.index("{") + 1
    while True:
        name, at = decoder.raw_decode(text, re.compile(r"\s*").match(text, at).end())
        start = re.compile(r"\s*:\s*").match(text, at).end()
        _, end = decoder.raw_decode(text, start)
        if name == wanted:
            return text[start:end]
        at = text.index(",", end) + 1


def resolved(gateway, text, accept=None):
    response = resolve(gateway, text, accept)
    assert response.status_code == 200, response.text
    return response


def pointers(response):
    return {file_id: file["pointers"] for file_id, file in response.json()["files"].items()}


def raw_urls(response):
    """The pointers of the raw URLs that an answer refuses."""
    found = error(response, 400, "INPUT_VALIDATION_ERROR")["details"]["fields"]
    assert all(field["field"] == "input" and field["reason"] for field in found)
    return [field["pointer"] for field in found]


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
    # Order and duplicates.
    '{"b":1,"a":REF,"b":2}', '{"z":{"y":REF,"x":REF,"y":[]},"a":REF}', '{"a":1,"\\u0061":REF}',
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


RAW = [
    "http://example.com/a.png", "https://example.com", "ftp://h/f", "s3://bucket/key", "gs://bucket/key",
    "file:///etc/passwd", "HTTP://X", "HtTpS://x", "S3://x", "FILE:/x", "http:x", "https:/x", "http://", "https:\\\\x",
    "file:x", "gs:?", "data:,", "data:,x", "DATA:image/png;base64,AAAA", "data:text/plain,hello big world",
    "data:text/html;charset=utf-8,<b> </b>",
    # Stripped from the ends: C0 controls and spaces.
    " http://x", "http://x ", "\t\r\n http://x \n", "\x00https://x", "\x1f\x01ftp://x\x00", " data:,x",
    # Removed everywhere: tabs and newlines.
    "ht\ntp://x", "h\tt\r\ntps://x", "http\n://x", "http:\n//x", "http://x/a\nb\tc", "da\tta:text/plain,x",
    "data:text\n/plain,x", "s\n3:x", "http:\nx",
    "http://é/ü", "http:😀", "https://x/?q=a%20b#c", "http://x/" + "y" * 300,
]  # fmt: skip

PLAIN = [
    "http", "http:", "https:", " http: ", "http:\n", "http:\x00", "ftp:", "s3:", "gs:", "file:", "data:",
    "data:image/png;base64", "data: ,x", "data:text/plain;a b,x", "data :,x",
    "http://x y", "https://example.com/cat.png in oil", "see http://x", "http:// x", "http: //x", "http://x\t y",
    "http://x\x0cy", "http://x\ny z", "h ttp://x", "http ://x",
    "//example.com/x", "www.example.com", "/etc/passwd", "http//x", "https;//x", "httpx://x", "xhttp://x", "shttp://x",
    "s3x:y", "files:x", "database:,x", "mailto:a@b.example", "ws://x", "ssh://x", "javascript:alert(1)", "urn:x:y",
    "blob:https://x", "url:http://x", "-http://x", "\"http://x\"", "<http://x>", "(http://x)", "\u200bhttp://x",
    "http\uff1a//x", "\uff48ttp://x", "http\u017f://x", "\u017f3://x", "ﬁle://x", "http\x00://x", "ht\x01tp://x",
]  # fmt: skip


@pytest.mark.parametrize("url", RAW)
@pytest.mark.parametrize("template", ["URL", '{"image":URL}', '{"a/b":[0,{"":URL}]}'])
def test_raw_urls_are_refused(gateway, url, template):
    where = {"URL": "", '{"image":URL}': "/image"}.get(template, "/a~1b/1/")
    for escaping in (True, False):
        text = template.replace("URL", json.dumps(url, ensure_ascii=escaping))
        assert raw_urls(resolve(gateway, text)) == [where]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_raw_url_stays(gateway, text):
    for written in (json.dumps(text), json.dumps({"a": [text]}, ensure_ascii=False)):
        assert member(resolved(gateway, written), "input") == written


@pytest.mark.parametrize(
    "text", [r'"\u0068ttp://x"', r'"http:\/\/x"', r'"http\u003ax"', r'"\u0020http://x"', r'"d\u0061ta:,"']
)
def test_an_escaped_raw_url_is_one(gateway, text):
    assert raw_urls(resolve(gateway, text)) == [""]


@pytest.mark.parametrize(
    "prompt",
    [
        "Make it look like https://example.com/cat.png, please",
        "https://example.com/cat.png but in oil",
        "ftp: the file transfer protocol",
        "data: 1, 2, 3",
        "File: a story in three parts",
        "compare s3://a and s3://b",
        f"the cat of {UNKNOWN}",
        "line one\nhttps://example.com/\nline three with a space",
        "",
    ],
)
def test_a_prompt_that_mentions_a_url_or_a_file_stays(gateway, image, prompt):
    text = json.dumps({"prompt": prompt, "image": image})
    response = resolved(gateway, text)
    assert response.json()["input"]["prompt"] == prompt and pointers(response) == {image: ["/image"]}


def test_every_raw_url_is_named(gateway, image):
    text = json.dumps({"b": "http://x", "image": image, "a": ["ok", "s3://y", {"c/d": "data:,"}], "e": "http: x"})
    assert raw_urls(resolve(gateway, text)) == ["/b", "/a/1", "/a/2/c~1d"]


def test_a_url_of_ours_is_raw_too_and_is_not_repeated(gateway, owner, image):
    response = resolve(gateway, json.dumps({"image": owner.url(image)}))
    assert raw_urls(response) == ["/image"]
    assert "X-Amz" not in response.text and image not in response.text


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


# IMAGE and SOUND stand for a reference each.
ACCEPTED = [
    ("IMAGE", {}),
    ("IMAGE", {"": ["image/*"]}),
    ("IMAGE", {"": ["image/png"]}),
    ("IMAGE", {"": ["*/*"]}),
    ("IMAGE", {"": ["IMAGE/PNG"]}),
    ("IMAGE", {"": ["audio/*", "image/*"]}),
    ('{"a":IMAGE,"b":SOUND}', {"/a": ["image/*"]}),
    ('{"a":IMAGE,"b":SOUND}', {"/a": ["image/*"], "/b": ["audio/*"]}),
    ('{"a":{"b":{"c":IMAGE}}}', {"/a": ["image/*"]}),
    # The longest that applies counts.
    ('{"a":{"b":IMAGE,"c":SOUND}}', {"/a": ["audio/*"], "/a/b": ["image/*"]}),
    ('{"a":{"b":IMAGE,"c":SOUND}}', {"/a/b": ["image/*"], "": ["audio/*"]}),
    ('{"a":[SOUND,IMAGE,SOUND]}', {"/a": ["audio/*"], "/a/1": ["image/*"]}),
    ('{"a":{"b":{"c":IMAGE}}}', {"/a": ["video/*"], "/a/b": ["audio/*"], "/a/b/c": ["image/*"]}),
    # These lead nowhere, or not there.
    ('{"image":IMAGE}', {"/im": ["audio/*"], "/image2": ["audio/*"], "/image/": ["audio/*"]}),
    ('{"a":[IMAGE]}', {"/a/1": ["audio/*"], "/a/00": ["audio/*"], "/a/-": ["audio/*"], "/a/+0": ["audio/*"]}),
    ('{"a":IMAGE}', {"/": ["audio/*"], "/A": ["audio/*"], "//a": ["audio/*"], "/a/0": ["audio/*"]}),
    ('{"a/b":IMAGE,"a":{"c":IMAGE}}', {"/a/b": ["audio/*"], "/a~01b": ["audio/*"], "/a/c/d": ["audio/*"]}),
    ('{"é":IMAGE}', {"/e": ["audio/*"], "/e\u0301": ["audio/*"], "/%C3%A9": ["audio/*"]}),
    ('{"a":"text","b":5,"c":IMAGE}', {"/a": ["audio/*"], "/b": ["audio/*"]}),
]

UNSUPPORTED = [
    ("IMAGE", {"": ["audio/*"]}, [""]),
    ("IMAGE", {"": ["image/jpeg", "image/pngx"]}, [""]),
    ('{"a":IMAGE,"b":IMAGE}', {"/a": ["audio/*"]}, ["/a"]),
    ('{"a":IMAGE,"b":SOUND}', {"": ["audio/*"]}, ["/a"]),
    ('{"a":{"b":[IMAGE]}}', {"/a": ["audio/*"]}, ["/a/b/0"]),
    ('{"a":{"b":IMAGE,"c":IMAGE}}', {"/a": ["image/*"], "/a/b": ["audio/*"]}, ["/a/b"]),
    ('{"a":{"b":IMAGE,"c":IMAGE}}', {"/a/b": ["image/*"], "": ["audio/*"]}, ["/a/c"]),
    ('{"a":[SOUND,IMAGE,IMAGE]}', {"/a": ["image/*", "audio/*"], "/a/1": ["audio/*"]}, ["/a/1"]),
    ('{"a/b":IMAGE}', {"/a~1b": ["audio/*"]}, ["/a~1b"]),
    ('{"m~n":{"":IMAGE}}', {"/m~0n/": ["audio/*"]}, ["/m~0n/"]),
    ('{"~1":IMAGE}', {"/~01": ["audio/*"]}, ["/~01"]),
    (r'{"\u00e9":IMAGE}', {"/é": ["audio/*"]}, ["/é"]),
    ('{"0":IMAGE}', {"/0": ["audio/*"]}, ["/0"]),
    ('{"00":IMAGE,"-":IMAGE}', {"/00": ["audio/*"], "/-": ["audio/*"]}, ["/00", "/-"]),
]


@pytest.mark.parametrize(("text", "accept"), ACCEPTED)
def test_types_that_are_accepted(gateway, image, sound, text, accept):
    text = text.replace("IMAGE", f'"{image}"').replace("SOUND", f'"{sound}"')
    assert pointers(resolved(gateway, text, accept))[image]


@pytest.mark.parametrize(("text", "accept", "where"), UNSUPPORTED)
def test_types_that_are_not_accepted(gateway, image, sound, text, accept, where):
    response = resolve(gateway, text.replace("IMAGE", f'"{image}"').replace("SOUND", f'"{sound}"'), accept)
    [file] = error(response, 422, "FILE_FORMAT_UNSUPPORTED")["details"]["files"]
    # One list is at fault in each case: the only one, or the one that names audio alone.
    [accepted] = {tuple(types) for types in accept.values() if "image/*" not in types}
    assert file == {"file_id": image, "content_type": "image/png", "pointers": where, "accept": list(accepted)}


def test_every_file_of_another_type_is_listed(gateway, image, sound):
    response = resolve(gateway, json.dumps([sound, image, {"a": sound}]), {"": ["video/*"]})
    files = error(response, 422, "FILE_FORMAT_UNSUPPORTED")["details"]["files"]
    assert {file["file_id"]: (file["content_type"], file["pointers"]) for file in files} == {
        sound: ("audio/mpeg", ["/0", "/2/a"]),
        image: ("image/png", ["/1"]),
    }


@pytest.mark.parametrize(
    "accept",
    [
        [], "image/*", 1, True,
        {"": []}, {"": "image/*"}, {"": None}, {"": {}}, {"": [1]}, {"": ["image"]}, {"": ["*/png"]}, {"": [""]},
        {"/a": ["image/*", "x y"]},
        {"a": ["image/*"]}, {"image/a": ["image/*"]}, {"/a~": ["image/*"]}, {"/a~2b": ["image/*"]},
        {"#/a": ["image/*"]}, {" ": ["image/*"]}, {"~0": ["image/*"]}, {"/~/a": ["image/*"]},
    ],
)  # fmt: skip
def test_a_bad_accept_is_named(gateway, image, accept):
    [field] = fields(resolve(gateway, f'{{"a": "{image}"}}', accept))
    pointers = accept if isinstance(accept, dict) else []
    assert field == "accept" or any(field.startswith(f'accept["{pointer}"]') for pointer in pointers)


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
        '{"x": 1, "organization_id": "inputs", "x": [2], "input": [ 1 ]}',
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


# A reference implementation on Python's own json, and documents made at random to compare with it.


class Members(list):
    """An object: its members in order, duplicates too."""


class Number(str):
    """A number as it is written."""


def parse(text):
    return json.loads(text, object_pairs_hook=Members, parse_int=Number, parse_float=Number)


def strings(value, pointer=""):
    """Every string value with its pointer, in the document's order."""
    if isinstance(value, Members):
        for name, item in value:
            yield from strings(item, pointer + "/" + name.replace("~", "~0").replace("/", "~1"))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, f"{pointer}/{index}")
    elif isinstance(value, str) and not isinstance(value, Number):
        yield pointer, value


def is_raw_url(text):
    text = re.sub("[\t\n\r]", "", text.strip("".join(map(chr, range(0x21)))))
    return re.fullmatch(r"(https?|ftp|s3|gs|file):\S+|data:[^\s,]*,.*", text, re.ASCII | re.I | re.S) is not None


def is_accepted(content_type, pointer, accept):
    applying = [prefix for prefix in accept if pointer == prefix or pointer.startswith(prefix + "/")]
    return not applying or any(
        pattern in ("*/*", content_type, content_type.split("/")[0] + "/*")
        for pattern in accept[max(applying, key=len)]
    )


def expected_outcome(text, accept, types):
    """The status, and each reference with its pointers (in order where they are missing), or those of the raw URLs."""
    found = list(strings(parse(text)))
    if urls := [pointer for pointer, value in found if is_raw_url(value)]:
        return 400, unique(urls)
    references = {}
    for pointer, value in found:
        if FILE_ID.fullmatch(value):
            references.setdefault(value, []).append(pointer)
    missing = {file_id: unique(places) for file_id, places in references.items() if file_id not in types}
    if missing:
        return 404, list(missing.items())
    unsupported = {
        file_id: unique(place for place in places if not is_accepted(types[file_id], place, accept))
        for file_id, places in references.items()
    }
    if any(unsupported.values()):
        return 422, {file_id: places for file_id, places in unsupported.items() if places}
    return 200, {file_id: unique(places) for file_id, places in references.items()}


def outcome(response):
    if response.status_code == 200:
        return 200, {file_id: unique(places) for file_id, places in pointers(response).items()}
    if response.status_code == 400:
        return 400, unique(raw_urls(response))
    details = response.json()["error"]["details"]
    found = [(file["file_id"], unique(file["pointers"])) for file in details["files"]]
    if response.status_code == 404:
        assert details["file_ids"] == [file_id for file_id, _ in found]
        return 404, found
    return response.status_code, dict(found)


def unique(places):
    """Members with the same name have the same pointer."""
    return list(dict.fromkeys(places))


def expected_text(text, urls):
    """The text with every reference replaced: a string that no colon follows is no name."""

    def replacement(match):
        value = None if match[2] else json.loads(match[1])
        return json.dumps(urls[value]) if value in urls else match[0]

    return re.sub(r'("(?:[^"\\]|\\.)*")(\s*:)?', replacement, text)


NAMES = ["image", "prompt", "list", "a/b", "m~n", "~1", "", "0", "é", "two words", "https://x", UNKNOWN]
PROSE = [
    "", "a cat in oil", "http", "http:", "see http://x", "https://x and y", "data: 1, 2", "C:\\cat.png", 'a "cat"',
    "cat 🐈 é", "line\none", "\x00\x1f", "files", "file_x", UNKNOWN + " ", UNKNOWN.upper(), "image/png", "\u2028",
]  # fmt: skip
URLS = ["http://x", "HTTPS:x", " s3://b/k\n", "gs:x", "da\nta:image/png,", "ftp://é", "\x01file:///x"]
NUMBERS = ["0", "-0", "1e400", "1.0000", "-12345678901234567890123", "6.02E+23", "1e-7"]
ACCEPTS = [["image/*"], ["audio/*"], ["*/*"], ["audio/mpeg", "image/png"], ["video/*"]]


class Document:
    """The text of a random JSON value, which references, missing ones and raw URLs are strewn into."""

    def __init__(self, seed, types):
        self.random = random.Random(seed)
        self.missing = [f"file_{uuid.UUID(int=number)}" for number in range(3)]
        self.kinds = [(PROSE, 6), (list(types), 5)]
        self.kinds += self.random.choice([[], [], [(self.missing, 3)], [(URLS, 3)], [(self.missing, 1), (URLS, 1)]])
        self.text = self.value(self.random.randrange(2, 7))
        self.accept = self.accepted()

    def accepted(self):
        places = {""}
        for pointer, _ in strings(parse(self.text)):
            steps = pointer.split("/")
            places |= {"/".join(steps[:count]) for count in range(1, len(steps) + 1)}
        places = self.random.sample(sorted(places), min(len(places), self.random.choice([0, 0, 1, 1, 2, 3])))
        return {place + self.random.choice(["", "", "", "/9"]): self.random.choice(ACCEPTS) for place in places}

    def value(self, depth):
        kind = self.random.choice("oooaaasn" if depth else "ssssn")
        if kind == "s":
            kinds, weights = zip(*self.kinds)
            return self.string(self.random.choice(self.random.choices(kinds, weights)[0]))
        if kind == "n":
            return self.random.choice([*NUMBERS, "null", "true", "false"])
        count = self.random.choice([0, 1, 2, 2, 3, 4])
        items = [self.space() + self.value(depth - 1) + self.space() for _ in range(count)]
        if kind == "a":
            return "[" + (",".join(items) or self.space()) + "]"
        names = [self.space() + self.string(self.random.choice(NAMES)) + self.space() for _ in items]
        return "{" + (",".join(f"{name}:{item}" for name, item in zip(names, items)) or self.space()) + "}"

    def space(self):
        return self.random.choice(["", "", "", " ", "\n\t", "\r\n  "])

    def string(self, text):
        if self.random.random() < 0.7:
            return json.dumps(text, ensure_ascii=self.random.random() < 0.5)
        return '"' + "".join(map(self.character, text)) + '"'

    def character(self, character):
        if self.random.random() < 0.2 and ord(character) < 0x10000:
            return f"\\u{ord(character):04x}"
        return json.dumps(character, ensure_ascii=False)[1:-1]


@pytest.mark.parametrize("text", RAW + PLAIN)
def test_the_reference_implementation_knows_the_table(text):
    assert is_raw_url(text) == (text in RAW)


def test_random_documents_are_answered_as_by_the_reference_implementation(gateway, image, sound):
    types = {image: "image/png", sound: "audio/mpeg"}
    seed = os.environ.get("CLOAKROOM_SEED", "1")
    outcomes = collections.Counter()
    for number in range(150):
        document = Document(f"{seed}/{number}", types)
        which = f"CLOAKROOM_SEED={seed}, document {number}: {document.text!r}, accept {document.accept}"
        response = resolve(gateway, document.text, document.accept)
        expected = expected_outcome(document.text, document.accept, types)
        assert response.status_code == expected[0], f"{which}: {response.text}"
        assert outcome(response) == expected, which
        if response.status_code == 200:
            urls = {file_id: file["url"] for file_id, file in response.json()["files"].items()}
            assert member(response, "input") == expected_text(document.text, urls), which
        outcomes[response.status_code] += 1
    assert set(outcomes) == {200, 400, 404, 422}, f"CLOAKROOM_SEED={seed}: {outcomes}"
