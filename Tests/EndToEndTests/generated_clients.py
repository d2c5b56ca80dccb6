"""Generates clients from the API's own description, with generators that users run."""

import functools
import importlib
import os
import pathlib
import re
import subprocess
import sys

import yaml
from cloakroom import ROOT

DOCUMENT = ROOT / "Sources/CloakroomServer/API/openapi.yaml"
TYPESCRIPT_PROGRAM = pathlib.Path(__file__).with_name("generated_client.ts")
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}

# What openapi-generator prints on every document of this kind, and what is lost by it: nothing. The first says that it
# reads OpenAPI 3.1 at all. The second is logged where it asks for the name of a schema without `$ref`, as of the values
# of a map, and then uses the schema itself; test_generated_clients.py looks at all that is generated.
HARMLESS = (
    "OpenAPI 3.1 support is still in beta.",
    "ModelUtils - Failed to get the schema name: null",
)


class Generation:
    """The output of a generator: where it is, and what was printed."""

    def __init__(self, directory, printed, code):
        self.directory = directory
        self.printed = printed
        self.code = code

    def warnings(self):
        """What openapi-generator warned of, without what loses nothing."""
        lines = [line for line in self.printed.splitlines() if re.search(r"\b(WARN|ERROR|Exception)\b", line)]
        return [line for line in lines if not any(harmless in line for harmless in HARMLESS)]

    def aliases(self):
        """The schemas that openapi-generator writes out where they are used, as maps and lists of other models."""
        return set(re.findall(r"Model (\w+) not generated", self.printed))


def generate(directory):
    """Runs the generators side by side."""
    programs = pathlib.Path(sys.executable).parent
    java = [programs / "openapi-generator-cli", "generate", "-i", DOCUMENT]
    lines = {
        "attrs": [programs / "openapi-python-client", "generate", "--path", DOCUMENT],
        "pydantic": [*java, "-g", "python"],
        "typescript": [*java, "-g", "typescript-fetch"],
    }
    options = {"attrs": "--output-path", "pydantic": "-o", "typescript": "-o"}
    # openapi-python-client formats its output with ruff, which stands beside it.
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    started = {
        name: subprocess.Popen(
            [*line, options[name], directory / name],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
        )
        for name, line in lines.items()
    }  # fmt: skip
    return {name: finish(process, directory / name) for name, process in started.items()}


def finish(process, directory):
    """Waits for a generator; it is ended with the test where it does not end by itself."""
    try:
        printed, _ = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Generation(directory, printed, process.returncode)


class Package:
    """A generated Python package."""

    def __init__(self, generation, name):
        self.directory = generation.directory
        self.name = name
        if str(self.directory) not in sys.path:
            sys.path.insert(0, str(self.directory))

    def module(self, *path):
        return importlib.import_module(".".join([self.name, *path]))

    @property
    def models(self):
        return self.module("models")


@functools.cache
def document():
    return yaml.safe_load(DOCUMENT.read_text())


def resolved(value):
    """What a reference of the document leads to."""
    while "$ref" in value:
        target = document()
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def operations():
    """Every operation, with the parameters of its path."""
    return [
        {**operation, "parameters": [*parameters(item), *parameters(operation)]}
        for item in document()["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    ]


def parameters(item):
    return [resolved(parameter) for parameter in item.get("parameters", [])]


def model_names():
    """The schemas that become types of their own: objects that name their members, and enumerations."""
    schemas = document()["components"]["schemas"]
    return {name for name, schema in schemas.items() if "enum" in schema or "properties" in schema}


def map_names():
    """The schemas of objects that name no members."""
    schemas = document()["components"]["schemas"]
    return {name for name, schema in schemas.items() if schema.get("type") == "object" and "properties" not in schema}


def snake_case(name):
    """`revokeUrls` and `X-Organization-ID` as Python names."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace("-", "_")).lower()
