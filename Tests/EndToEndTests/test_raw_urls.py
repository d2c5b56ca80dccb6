"""URLs in an input that are no references: refused, and told apart from prose that mentions them."""

import json

import pytest
from resolving import UNKNOWN, gateway, image, member, owner, pointers, raw_urls, resolve, resolved

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
    # Any scheme with two slashes, and two slashes.
    "//example.com/x", "//", "///x", "httpx://x", "xhttp://x", "shttp://x", "ws://x", "ssh://x", "WSS://x",
    "a+b-c.1://x", "javascript://x", "blob://x", "x://", "data://x", "C://x", "//x:80/y",
    # What a browser takes for them.
    "ws:\\\\x", "wss:/\\x", "\\\\x", "/\\x", "\\/x", "/\t/x", "w\ns://x", "\ufeffhttp://x", "//x\ufeff", "\xa0//x",
    "http://é/ü", "http:😀", "https://x/?q=a%20b#c", "http://x/" + "y" * 300,
]  # fmt: skip

PLAIN = [
    "http", "http:", "https:", " http: ", "http:\n", "http:\x00", "ftp:", "s3:", "gs:", "file:", "data:",
    "data:image/png;base64", "data: ,x", "data:text/plain;a b,x", "data :,x",
    "http://x y", "https://example.com/cat.png in oil", "see http://x", "http:// x", "http: //x", "http://x\t y",
    "http://x\x0cy", "http://x\ny z", "h ttp://x", "http ://x",
    "www.example.com", "/etc/passwd", "http//x", "https;//x", "ws:x", "ssh:/\\x", "C:\\\\x", "\\alpha", "/", "/ /x",
    "// a comment", "//x y", "ssh://x and y", "1x://y", "é://x", "://x", "a:b://x", "a/b://c", "ssh: //x",
    "s3x:y", "files:x", "database:,x", "mailto:a@b.example", "javascript:alert(1)", "urn:x:y",
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
