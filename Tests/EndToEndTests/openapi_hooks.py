"""For schemathesis: what the API's description says in words only, and what schemathesis does not get through."""

import re

import schemathesis

FIELDS = {"filename", "content_type", "sha256", "expires_after_seconds"}
# Of these the pattern of MediaType has the form, and its description the list that they are on.
CHEMICAL = "|[Cc][Hh][Ee][Mm][Ii][Cc][Aa][Ll]/[Xx]-[0-9A-Za-z-]+"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    schemas = raw_schema["components"]["schemas"]
    assert CHEMICAL in schemas["MediaType"]["pattern"]
    schemas["MediaType"]["pattern"] = schemas["MediaType"]["pattern"].replace(CHEMICAL, "")
    simplify(schemas["FileForm"])


def simplify(form):
    """Takes from a form what schemathesis does not get through.

    - A condition on a file ends it with "Unsupported type: 'Binary'". Instead of either `file` or `content`,
      which test_openapi.py tests, it is told one of the two.
    - The pattern of a type takes it a minute; it is tested where a file is declared.
    - Files of the greatest length are in test_limits.py.
    """
    for keyword in ("if", "then", "else"):
        del form[keyword]
    del form["properties"]["content"], form["properties"]["content_type"], form["properties"]["file"]["maxLength"]
    form["required"] = ["file"]


@schemathesis.hook
def filter_case(context, case):
    if (case.operation.method.upper(), case.operation.path) != ("POST", "/v1/files"):
        return True
    if case.media_type != "multipart/form-data":
        return "filename" in (case.query or {}) and not is_digest((case.query or {}).get("sha256"))
    return not isinstance(case.body, dict) or is_form(case.body, case.query or {})


@schemathesis.hook
def map_case(context, case):
    """A form's file comes after its fields, no cursor is invented, and nothing is waited for longer than a second."""
    if re.fullmatch(r"[0-9a-f]{16}\.[0-9a-f]{16}", str((case.query or {}).get("after"))):
        case.query["after"] = "now"
    wait = (case.query or {}).get("wait")
    if str(wait).isdecimal() and 1 < int(wait) <= 60:
        case.query["wait"] = 1
    if case.media_type == "multipart/form-data" and isinstance(case.body, dict) and "file" in case.body:
        # Not a new body, which schemathesis would take for an invalid one.
        case.body["file"] = case.body.pop("file")
    return case


def is_digest(text):
    """A digest is never that of the bytes, which are made at random."""
    return re.fullmatch("[0-9A-Fa-f]{64}", str(text)) is not None


def is_form(body, query):
    """Whether a form says nothing twice, has no digest of other bytes, and other fields that are ignored."""
    others = set(body) - FIELDS - {"file"}
    return (
        not FIELDS & set(body) & set(query)
        and not any(is_digest(fields.get("sha256")) for fields in (body, query))
        and not {"content", "content_type"} & set(body)
        and len(others) <= 16
        and all(re.fullmatch(r"[\w-]{1,64}", name, re.ASCII) for name in others)
    )
