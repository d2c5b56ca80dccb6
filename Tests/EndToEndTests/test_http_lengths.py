"""`Content-Length` to the letter, on both origins: `1*DIGIT` (RFC 9110 §8.6), once.

Leading zeros are digits, and change nothing: llhttp's own tests have `003` for 3, nginx reads the same. A recipient may
reject a repeated length, and must reject differing ones (RFC 9112 §6.3): both are rejected.
"""

import pytest
from both_origins import BODY, ORIGINS, Origin

ACCEPTED = {
    "3": "RFC 9110 §8.6",
    "03": "RFC 9110 §8.6",
    "003": "RFC 9110 §8.6",
    "0" * 40 + "3": "RFC 9110 §8.6: longer than any integer",
    "\t 3 ": "RFC 9112 §5.1; the API's parser takes no tab behind it, which is stricter than the rule",
}
REFUSED = {
    "no digits": ([""], 400),
    "plus": (["+3"], 400),
    "minus": (["-3"], 400),
    "list of equal ones": (["3, 3"], 400),
    "list of differing ones": (["3, 4"], 400),
    "list with nothing": (["3,"], 400),
    "two equal fields": (["3", "3"], 400),
    "two equal fields of other digits": (["3", "03"], 400),
    "two differing fields": (["3", "4"], 400),
    "hexadecimal": (["0x3"], 400),
    "fraction": (["3.0"], 400),
    "white space within": (["0 3"], 400),
    "more than 2^64": (["18446744073709551619"], 400),
    "2^63": (["9223372036854775808"], 400),
    "2^63 - 1": (["9223372036854775807"], 413),
    "2^63 - 1 with zeros": (["0009223372036854775807"], 413),
}


@pytest.fixture(params=ORIGINS)
def origin(request, server, client):
    return Origin(request.param, server, client)


@pytest.mark.parametrize("value", ACCEPTED, ids=lambda value: repr(value)[-8:])
def test_accepted(origin, value):
    answer = origin.send(origin.upload_head(f"Content-Length:{value}") + BODY)
    assert answer.status == origin.stored, (ACCEPTED[value], answer.body)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(origin, name):
    values, status = REFUSED[name]
    answer = origin.send(origin.upload_head(*(f"Content-Length: {value}" for value in values)) + BODY)
    assert answer.status == status, answer.body
    header, document = answer.request_ids
    assert header == document


def test_zeros_before_another_length_are_not_taken_for_the_declared_one(server, client):
    origin = Origin("storage", server, client)
    answer = origin.send(origin.upload_head("Content-Length: 004", size=3) + b"abcd")
    assert answer.code == (400, "ContentLengthMismatch")
    assert b"<Expected>3</Expected><Received>4</Received>" in answer.body
