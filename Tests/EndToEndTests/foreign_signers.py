"""Signers of other people that hold the server's secret, as their documentation says to use them."""

import datetime
import functools
import os
import subprocess
import sys
from pathlib import Path

import boto3
import minio
from botocore.config import Config
from cloakroom import EVIDENCE

HOUR = datetime.timedelta(hours=1)


def boto3_client(server, **options):
    access_key_id, secret, _ = server.signing_keys[0]
    return boto3.client(
        "s3",
        endpoint_url=server.storage,
        region_name="local",
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, **options),
    )


def minio_client(server):
    access_key_id, secret, _ = server.signing_keys[0]
    endpoint = server.storage.removeprefix("http://")
    return minio.Minio(endpoint=endpoint, access_key=access_key_id, secret_key=secret, secure=False, region="local")


def boto3_put(server, file_id, **parameters):
    parameters = {"Bucket": "uploads", "Key": file_id, **parameters}
    return boto3_client(server).generate_presigned_url("put_object", Params=parameters)


def boto3_put_without_checksums(server, file_id):
    client = boto3_client(server, request_checksum_calculation="when_required")
    return client.generate_presigned_url("put_object", Params={"Bucket": "uploads", "Key": file_id})


def minio_put(server, file_id, expires=HOUR):
    return minio_client(server).presigned_put_object(bucket_name="uploads", object_name=file_id, expires=expires)


def boto3_get(server, file_id, **parameters):
    parameters = {"Bucket": "files", "Key": file_id, **parameters}
    return boto3_client(server).generate_presigned_url("get_object", Params=parameters)


def minio_get(server, file_id, expires=HOUR):
    return minio_client(server).presigned_get_object(bucket_name="files", object_name=file_id, expires=expires)


@functools.cache
def aws_presign(server, file_id):
    """The URL that `aws s3 presign` prints, which is for GET only; it takes most of a second to do so."""
    access_key_id, secret, _ = server.signing_keys[0]
    line = ["s3", "presign", f"s3://files/{file_id}", "--endpoint-url", server.storage, "--region", "local"]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret}
    command = [sys.executable, Path(sys.executable).parent / "aws", *line]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


# URLs that sign nothing but the host.
PUT = {"boto3": boto3_put, "boto3 without checksums": boto3_put_without_checksums, "minio": minio_put}
GET = {"boto3": boto3_get, "minio": minio_get, "aws s3 presign": aws_presign}


def signed(signers, name, server, file_id, *arguments, **parameters):
    """A signer's URL, whose signature must not leak."""
    url = signers[name](server, file_id, *arguments, **parameters)
    EVIDENCE.signature_of(url)
    return url
