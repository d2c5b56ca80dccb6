"""Documents made at random, and answered as by the reference implementation."""

import collections
import json
import os
import random
import uuid

import pytest
from reference_inputs import expected_outcome, expected_text, is_raw_url, parse, strings, unique
from resolving import UNKNOWN, gateway, image, member, owner, pointers, raw_urls, resolve, sound
from test_raw_urls import PLAIN, RAW


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
        names = [self.space() + self.string(name) + self.space() for name in self.random.sample(NAMES, count)]
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
