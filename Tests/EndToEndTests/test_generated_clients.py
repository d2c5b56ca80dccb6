"""Clients that generators make from the API's description: what they are made of, and that they work."""

import inspect
import io
import json
import re
import shutil
import subprocess

import httpx
import pytest
from cloakroom import EVIDENCE, http
from generated_clients import (
    DOCUMENT,
    TYPESCRIPT_PROGRAM,
    Package,
    document,
    generate,
    map_names,
    model_names,
    operations,
    resolved,
    snake_case,
)

# What users would have to read where a schema has no name of its own, or one that a language has taken.
CLUMSY = re.compile(r"Inline|AllOf|AnyOf|OneOf|^Model|[0-9]+(Response|Request)|[a-z][0-9]+$|Item$|Property$")
BYTES = b"the bytes of a file"


@pytest.fixture(scope="session")
def generations(tmp_path_factory):
    if not shutil.which("java"):
        pytest.skip("openapi-generator needs Java (default-jre-headless)")
    return generate(tmp_path_factory.mktemp("generated"))


@pytest.fixture(scope="session")
def attrs(generations):
    """The package that openapi-python-client makes."""
    return Package(generations["attrs"], "cloakroom_api_client")


@pytest.fixture(scope="session")
def pydantic(generations):
    """The package that openapi-generator makes."""
    return Package(generations["pydantic"], "openapi_client")


def test_the_server_serves_the_document_that_clients_are_made_from(server):
    assert http("GET", server.api + "/openapi.yaml").content == DOCUMENT.read_bytes()


# MARK: What is generated


def test_openapi_python_client_has_nothing_to_warn_of(generations):
    generation = generations["attrs"]
    assert generation.code == 0, generation.printed
    # It prints one line, and more only if it drops something.
    printed = [line for line in generation.printed.splitlines() if line.strip()]
    assert len(printed) == 1 and printed[0].startswith("Generating "), generation.printed


@pytest.mark.parametrize("name", ["pydantic", "typescript"])
def test_openapi_generator_drops_nothing(generations, name):
    generation = generations[name]
    assert generation.code == 0, generation.printed[-4000:]
    assert generation.warnings() == []
    assert generation.aliases() == map_names() | {"JSONPointers"}


def typescript_models(directory):
    """The models that are not the request of an operation."""
    return {path.stem for path in (directory / "models").glob("*.ts")} - {"index"}


def test_models_have_the_names_of_the_document(generations, attrs, pydantic):
    assert len(model_names()) > 25
    assert set(attrs.models.__all__) == model_names() | map_names()
    generated = {name for name in vars(pydantic.models) if name[0].isupper()}
    assert generated == model_names()
    assert typescript_models(generations["typescript"].directory) == model_names()


def test_names_are_sensible():
    names = model_names() | map_names()
    assert {"FileObject", "ErrorResponse", "ErrorCode", "NewAPIKey"} <= names
    assert not {"File", "Error", "Object", "Response", "Request", "Blob"} & names
    assert [name for name in names if CLUMSY.search(name)] == []
    assert CLUMSY.search("InlineObject1") and CLUMSY.search("RateLimitedErrorAllOfErrorDetails")


def test_every_schema_has_a_title_and_no_object_is_anonymous():
    schemas = document()["components"]["schemas"]
    assert {name: schema.get("title") for name, schema in schemas.items()} == {name: name for name in schemas}
    anonymous = [path for path, schema in inner_schemas() if schema.get("type") == "object" or "enum" in schema]
    assert anonymous == []


def inner_schemas():
    """The schemas that are written out within others, or within requests and responses."""

    def walk(value, path, inside):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from walk(item, [*path, index], inside)
        elif isinstance(value, dict):
            if inside and "$ref" not in value:
                yield "/".join(map(str, path)), value
            for key, item in value.items():
                if key in ("schema", "items", "additionalProperties") and isinstance(item, dict):
                    yield from walk(item, [*path, key], True)
                elif key == "properties":
                    for name, member in item.items():
                        yield from walk(member, [*path, key, name], True)
                elif key not in ("example", "examples", "if", "then", "else", "not", "dependentSchemas", "headers"):
                    yield from walk(item, [*path, key], False)

    return walk({"paths": document()["paths"], "components": document()["components"]}, [], False)


def statuses(operation):
    """The statuses of an operation, and whether they have a body."""
    return {status: bool(resolved(response).get("content")) for status, response in operation["responses"].items()}


def arguments(operation):
    return {snake_case(parameter["name"]) for parameter in operation["parameters"]}


def test_openapi_python_client_has_every_operation_parameter_and_response(attrs):
    for operation in operations():
        module = attrs.module("api", operation["tags"][0].lower(), snake_case(operation["operationId"]))
        names = set(inspect.signature(module.sync_detailed).parameters) - {"client"}
        assert names == arguments(operation) | ({"body"} if "requestBody" in operation else set())
        read = inspect.getsource(module._parse_response)
        for status, has_body in statuses(operation).items():
            branch = re.search(rf"status_code == {status}:(.*?)(?=if response\.status_code|if client)", read, re.S)
            assert branch, (operation["operationId"], status)
            assert has_body == ("response.json()" in branch[1] or "response.content" in branch[1]), status


def test_openapi_generator_has_every_operation_parameter_and_response(pydantic):
    for operation in operations():
        tag = operation["tags"][0]
        api = getattr(pydantic.module(), f"{tag}Api")
        method = getattr(api, snake_case(operation["operationId"]))
        names = {name for name in inspect.signature(method).parameters if name[0] != "_"} - {"self"}
        bodies = names - arguments(operation)
        assert arguments(operation) <= names and len(bodies) == ("requestBody" in operation), operation["operationId"]
        read = dict(re.findall(r"'([0-9]{3})': (None|\"\w+\")", inspect.getsource(method)))
        assert {status: type_name != "None" for status, type_name in read.items()} == statuses(operation)


def test_openapi_generator_for_typescript_has_every_operation(generations):
    sources = {path.stem: path.read_text() for path in (generations["typescript"].directory / "apis").glob("*.ts")}
    for operation in operations():
        assert f"async {operation['operationId']}(" in sources[f"{operation['tags'][0]}Api"]


# MARK: openapi-python-client


@pytest.fixture
def attrs_client(attrs, server):
    module = attrs.module("client")
    with module.AuthenticatedClient(base_url=server.api, token=server.key("attrs")) as client:
        yield client


def call(package, client, path, **options):
    """The parsed response of an operation, by its module."""
    return package.module("api", *path.split(".")).sync_detailed(client=client, **options)


def attrs_upload(attrs, client):
    """Uploads by a presigned URL; returns the file id."""
    declaration = attrs.models.UploadDeclaration("photo.png", "image/png", len(BYTES))
    ticket = call(attrs, client, "uploads.request_upload", body=declaration).parsed
    EVIDENCE.signature_of(ticket.upload_url)
    response = httpx.request(ticket.method.value, ticket.upload_url, content=BYTES, headers=ticket.headers.to_dict())
    assert response.status_code == 200, response.text
    return ticket.file_id


def test_openapi_python_client_uploads_lists_downloads_and_deletes(attrs, attrs_client):
    file_id = attrs_upload(attrs, attrs_client)
    page = call(attrs, attrs_client, "files.list_files", status=attrs.models.FileStatus.READY).parsed
    assert [file.file_id for file in page.files if file.filename == "photo.png"] == [file_id]
    assert call(attrs, attrs_client, "downloads.download_file", id=file_id).parsed.payload.read() == BYTES
    redirection = call(attrs, attrs_client, "downloads.download_file", id=file_id, redirect=True)
    EVIDENCE.signature_of(redirection.headers["Location"])
    assert httpx.get(redirection.headers["Location"]).content == BYTES
    assert call(attrs, attrs_client, "files.delete_file", id=file_id).status_code == 204
    assert call(attrs, attrs_client, "downloads.inspect_download", id=file_id).status_code == 404
    error = call(attrs, attrs_client, "files.get_file", id=file_id).parsed
    assert isinstance(error, attrs.models.ErrorResponse)
    assert error.error.code == attrs.models.ErrorCode.FILE_NOT_FOUND


def test_openapi_python_client_uploads_in_one_request(attrs, attrs_client):
    file = attrs.module("types").File(payload=io.BytesIO(BYTES))
    created = call(attrs, attrs_client, "uploads.upload_file", body=file, filename="weights.bin").parsed
    assert (created.filename, created.content_type) == ("weights.bin", "application/octet-stream")
    assert (created.size_bytes, created.status) == (len(BYTES), attrs.models.FileStatus.READY)


def test_openapi_python_client_uploads_a_form(attrs, attrs_client):
    file = attrs.module("types").File(payload=io.BytesIO(BYTES), file_name="photo.png", mime_type="image/png")
    form = attrs.models.FileForm(file=file, expires_after_seconds=3600)
    created = call(attrs, attrs_client, "uploads.upload_file", body=form).parsed
    assert (created.filename, created.content_type, created.size_bytes) == ("photo.png", "image/png", len(BYTES))
    assert (created.expires_at - created.created_at).total_seconds() == 3600
    assert call(attrs, attrs_client, "downloads.download_file", id=created.file_id).parsed.payload.read() == BYTES


def test_openapi_python_client_reads_what_is_wrong(attrs, attrs_client):
    declaration = attrs.models.UploadDeclaration("a/b", "image/png", 0)
    error = call(attrs, attrs_client, "uploads.request_upload", body=declaration).parsed.error
    assert error.code == attrs.models.ErrorCode.INPUT_VALIDATION_ERROR
    assert {field.field for field in error.details.fields} == {"filename", "size_bytes"}


def test_openapi_python_client_makes_keys(attrs, server):
    key = server.key("attrs", "keys:manage")
    with attrs.module("client").AuthenticatedClient(base_url=server.api, token=key) as client:
        created = call(attrs, client, "keys.create_key", body=attrs.models.KeyDeclaration(name="made")).parsed
        EVIDENCE.secret(created.key)
        assert isinstance(created, attrs.models.NewAPIKey) and created.last_used_at is None
        described = call(attrs, client, "description.get_description").parsed.payload.read()
        assert described == DOCUMENT.read_bytes()


# MARK: openapi-generator, Python


@pytest.fixture
def pydantic_client(pydantic, server):
    module = pydantic.module()
    with module.ApiClient(module.Configuration(host=server.api, access_token=server.key("pydantic"))) as client:
        yield client


def pydantic_upload(pydantic, client):
    """Uploads by a presigned URL; returns the file id."""
    declaration = pydantic.models.UploadDeclaration(
        filename="photo.png", content_type="image/png", size_bytes=len(BYTES)
    )
    ticket = pydantic.module().UploadsApi(client).request_upload(declaration)
    EVIDENCE.signature_of(ticket.upload_url)
    response = httpx.request(ticket.method.value, ticket.upload_url, content=BYTES, headers=ticket.headers.to_dict())
    assert response.status_code == 200, response.text
    return ticket.file_id


def test_openapi_generator_uploads_lists_downloads_and_deletes(pydantic, pydantic_client):
    module = pydantic.module()
    files, downloads = module.FilesApi(pydantic_client), module.DownloadsApi(pydantic_client)
    file_id = pydantic_upload(pydantic, pydantic_client)
    page = files.list_files(status=pydantic.models.FileStatus.READY)
    assert [file.file_id for file in page.files if file.filename == "photo.png"] == [file_id]
    assert downloads.download_file(file_id, _headers={"Accept": "*/*"}) == BYTES
    assert downloads.download_file(file_id, redirect=True) == BYTES
    # By itself it prefers JSON, and gets the URL.
    url = json.loads(downloads.download_file(file_id))["url"]
    EVIDENCE.signature_of(url)
    assert httpx.get(url).content == BYTES
    assert files.delete_file(file_id) is None
    with pytest.raises(module.ApiException) as caught:
        files.get_file(file_id)
    assert isinstance(caught.value.data, pydantic.models.ErrorResponse)
    assert caught.value.data.error.code == pydantic.models.ErrorCode.FILE_NOT_FOUND


def test_openapi_generator_uploads_in_one_request(pydantic, pydantic_client):
    uploads = pydantic.module().UploadsApi(pydantic_client)
    created = uploads.upload_file(BYTES, filename="photo.png", _content_type="image/png")
    assert (created.filename, created.content_type, created.size_bytes) == ("photo.png", "image/png", len(BYTES))
    assert created.status == pydantic.models.FileStatus.READY


def test_openapi_generator_reads_what_is_wrong(pydantic, pydantic_client):
    module = pydantic.module()
    with pytest.raises(module.ApiException) as caught:
        module.UploadsApi(pydantic_client).upload_file(BYTES, filename="photo.png", _content_type="audio/mpeg")
    error = caught.value.data.error
    assert error.code == pydantic.models.ErrorCode.INPUT_VALIDATION_ERROR
    # `field` is a function of pydantic: it is an attribute under another name, and itself in JSON.
    assert [field.to_dict()["field"] for field in error.details.fields] == ["content_type"]


def test_openapi_generator_makes_keys(pydantic, server):
    module = pydantic.module()
    key = server.key("pydantic", "keys:manage")
    with module.ApiClient(module.Configuration(host=server.api, access_token=key)) as client:
        created = module.KeysApi(client).create_key(pydantic.models.KeyDeclaration(name="made"))
        EVIDENCE.secret(created.key)
        assert isinstance(created, pydantic.models.NewAPIKey) and created.revoked_at is None
        assert module.DescriptionApi(client).get_description() == DOCUMENT.read_bytes()


# MARK: openapi-generator, TypeScript


@pytest.fixture(scope="session")
def compiled(generations, tmp_path_factory):
    """The program that uses the TypeScript client, compiled with it."""
    if not shutil.which("tsc"):
        pytest.skip("tsc is not installed (node-typescript)")
    directory = tmp_path_factory.mktemp("typescript")
    shutil.copytree(generations["typescript"].directory, directory / "generated")
    shutil.copy(TYPESCRIPT_PROGRAM, directory / "client.ts")
    options = ["--strict", "--target", "es2020", "--module", "commonjs", "--lib", "es2020,dom", "--outDir", "out"]
    version = subprocess.run(["tsc", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    if tuple(map(int, version.split(".")[:2])) < (4, 9):
        # openapi-generator relies on 4.9, where `"name" in value` tells the compiler that `value.name` is there.
        options.append("--suppressImplicitAnyIndexErrors")
    result = subprocess.run(
        ["tsc", *options, "client.ts"], capture_output=True, text=True, timeout=300, cwd=directory
    )
    assert result.returncode == 0, result.stdout
    return directory / "out/client.js"


def test_the_typescript_client_compiles_and_works(compiled, server):
    line = ["node", compiled, server.api, server.key("typescript")]
    result = subprocess.run(line, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    played = json.loads(result.stdout)
    assert re.fullmatch("[0-9a-f]{16}", played.pop("missing"))
    assert played == {
        "code": "FILE_NOT_FOUND", "text": "by URL", "redirected": "by URL", "statuses": ["ready", "ready"],
        "type": "image/png", "listed": ["photo.png", "weights.bin"], "fields": ["body"], "uploaded": True,
        "description": "openapi: 3.1", "wrong": "string",
    }  # fmt: skip
