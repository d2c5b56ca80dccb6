"""The service that most teams write: FastAPI, boto3 and SQLite. It mints upload URLs."""

import hashlib
import os
import re
import sqlite3
import threading
import time
import typing
import uuid

import boto3
import botocore.config
import fastapi
import pydantic

BUCKET = "uploads"
LIFETIME = 3600
SCHEMA = """
    CREATE TABLE api_keys (digest BLOB NOT NULL PRIMARY KEY, organization_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE files (
        id TEXT NOT NULL PRIMARY KEY,
        organization_id TEXT NOT NULL,
        filename TEXT NOT NULL,
        content_type TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        sha256 TEXT,
        created_at INTEGER NOT NULL,
        upload_expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
"""


def connect(path):
    """Opens the database, with the same durability as Cloakroom's."""
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def create_database(path, key):
    """Makes the tables, and one API key."""
    connection = connect(path)
    connection.executescript(SCHEMA)
    connection.execute("INSERT INTO api_keys VALUES (?, 'default')", [hashlib.sha256(key.encode()).digest()])
    connection.close()


class Declaration(pydantic.BaseModel):
    """The file that a client wants to upload."""

    filename: typing.Annotated[str, pydantic.Field(min_length=1, max_length=255, pattern=r"^[^/\\\x00-\x1f\x7f]+$")]
    content_type: typing.Annotated[str, pydantic.Field(max_length=255, pattern=r"^[a-z]+/[A-Za-z0-9.+-]+$")]
    size_bytes: typing.Annotated[int, pydantic.Field(ge=1, le=100_000_000)]
    sha256: typing.Annotated[str | None, pydantic.Field(pattern=r"^[0-9a-f]{64}$")] = None


class Ticket(pydantic.BaseModel):
    """Where the bytes go, and until when."""

    file_id: str
    upload_url: str
    expires_at: str
    method: str
    headers: dict[str, str]


app = fastapi.FastAPI()
# One connection for each process, and one thread at a time on it: SQLite has one writer anyway, and waiting for a lock
# of the process is cheaper than SQLite's own, which sleeps.
lock = threading.Lock()
database = connect(os.environ["MINT_DATABASE"]) if "MINT_DATABASE" in os.environ else None
s3 = boto3.client(
    "s3",
    endpoint_url="http://127.0.0.1:9000",
    region_name="us-east-1",
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    config=botocore.config.Config(signature_version="s3v4", s3={"addressing_style": "path"}),
)


def organization(authorization: typing.Annotated[str, fastapi.Header()] = ""):
    """Returns the organization of the API key."""
    match = re.fullmatch(r"(?:Bearer|Key) (sk_[0-9a-f]{72})", authorization)
    if match:
        digest = hashlib.sha256(match[1].encode()).digest()
        with lock:
            row = database.execute("SELECT organization_id FROM api_keys WHERE digest = ?", [digest]).fetchone()
        if row:
            return row[0]
    raise fastapi.HTTPException(401, "missing or unknown API key")


@app.post("/v1/files/upload")
def upload(
    declaration: Declaration, owner: typing.Annotated[str, fastapi.Depends(organization)]
) -> Ticket:
    """Records the file, and returns a URL that takes its bytes."""
    file_id = f"file_{uuid.uuid4()}"
    now = int(time.time())
    url = s3.generate_presigned_url(
        "put_object",
        Params={
            "Bucket": BUCKET,
            "Key": file_id,
            "ContentType": declaration.content_type,
            "ContentLength": declaration.size_bytes,
        },
        ExpiresIn=LIFETIME,
    )
    row = [file_id, owner, declaration.filename, declaration.content_type, declaration.size_bytes, declaration.sha256]
    with lock:
        database.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [*row, now, now + LIFETIME])
    return Ticket(
        file_id=file_id,
        upload_url=url,
        expires_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + LIFETIME)),
        method="PUT",
        headers={"Content-Type": declaration.content_type},
    )
