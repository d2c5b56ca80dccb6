"""A reference implementation of resolving, on Python's own json."""

import json
import re

from test_api import FILE_ID


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


def arrays(value, pointer=""):
    """The pointers of every array."""
    if isinstance(value, Members):
        for name, item in value:
            yield from arrays(item, pointer + "/" + name.replace("~", "~0").replace("/", "~1"))
    elif isinstance(value, list):
        yield pointer
        for index, item in enumerate(value):
            yield from arrays(item, f"{pointer}/{index}")


RAW_URL = re.compile(
    r"(https?|ftp|s3|gs|file):\S+|[a-z][a-z0-9+.-]*://\S*|(wss?:)?[/\\]{2}\S*|data:[^\s,]*,.*", re.ASCII | re.I | re.S
)


def is_raw_url(text):
    text = re.sub("[\t\n\r]", "", text.strip("".join(map(chr, range(0x21))) + "\ufeff\xa0"))
    return RAW_URL.fullmatch(text) is not None


def is_accepted(content_type, pointer, accept):
    applying = [prefix for prefix in accept if pointer == prefix or pointer.startswith(prefix + "/")]
    return not applying or any(
        pattern in ("*/*", content_type, content_type.split("/")[0] + "/*")
        for pattern in accept[max(applying, key=len)]
    )


def expected_outcome(text, accept, types):
    """The status, and each reference with its pointers (in order where they are missing), or those of unfit strings."""
    document = parse(text)
    found, lists = list(strings(document)), set(arrays(document))

    def is_unfit(pointer, value):
        parent = pointer.rpartition("/")[0]
        must_refer = pointer in accept or pointer and parent in accept and parent in lists
        return is_raw_url(value) or must_refer and not FILE_ID.fullmatch(value)

    if unfit := [pointer for pointer, value in found if is_unfit(pointer, value)]:
        return 400, unique(unfit)
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


def unique(places):
    """Members with the same name have the same pointer."""
    return list(dict.fromkeys(places))


def expected_text(text, urls):
    """The text with every reference replaced: a string that no colon follows is no name."""

    def replacement(match):
        value = None if match[2] else json.loads(match[1])
        return json.dumps(urls[value]) if value in urls else match[0]

    return re.sub(r'("(?:[^"\\]|\\.)*")(\s*:)?', replacement, text)
