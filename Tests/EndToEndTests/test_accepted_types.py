"""The types that an input accepts, and where in it."""

import json

import pytest
from resolving import gateway, image, owner, pointers, raw_urls, resolve, resolved, sound
from test_api import error, fields

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
    (
        '{"a":null,"b":5,"c":IMAGE,"d":{"e":"text"},"f":[[],["text"],{},true]}',
        dict.fromkeys(["/a", "/b", "/d", "/f"], ["audio/*"]),
    ),
    ('{"a":"text","c":IMAGE}', {"/A": ["audio/*"], "/a/0": ["audio/*"], "/b": ["audio/*"]}),
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


NO_REFERENCES = [
    ('"text"', [""], [""]),
    ('"REF "', [""], [""]),
    ('["text", "REF", ""]', [""], ["/0", "/2"]),
    ('{"a":"text","b":"text"}', ["/a"], ["/a"]),
    ('{"a":["REF","text",null,5]}', ["/a"], ["/a/1"]),
    ('{"a":["REF","text"]}', ["/a/1"], ["/a/1"]),
    ('{"a":{"b":["text"],"c":"text"}}', ["/a/b", "/a"], ["/a/b/0"]),
    (r'{"a/b":{"m~n":"\u0066ile"}}', ["/a~1b/m~0n"], ["/a~1b/m~0n"]),
    ('{"a":"FILE_0","b":"file_0"}', ["/b", "/a"], ["/a", "/b"]),
]


@pytest.mark.parametrize(("text", "places", "where"), NO_REFERENCES)
def test_a_string_where_only_references_are_accepted(gateway, image, text, places, where):
    response = resolve(gateway, text.replace("REF", image), dict.fromkeys(places, ["*/*"]))
    assert raw_urls(response) == where
    assert "text" not in response.text, "the answer repeats the string"


def test_raw_urls_and_other_strings_are_refused_together(gateway):
    text = '{"b":"http://x","a":["text","//y"],"c":"s3://z"}'
    response = resolve(gateway, text, {"/a": ["*/*"], "/b": ["*/*"]})
    assert raw_urls(response) == ["/b", "/a/0", "/a/1", "/c"]


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
