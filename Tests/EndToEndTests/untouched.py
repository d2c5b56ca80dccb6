"""An organization, a gateway and a file, which have to outlast whatever texts a test sends.

A module that imports `untouched` has it around each of its tests.
"""

import pytest
from cloakroom import http

ORGANIZATION = "names"
PERMISSIONS = ["files:read", "files:write", "keys:manage", "events:read"]
BYTES = "application/octet-stream"


@pytest.fixture(scope="module")
def owner(server):
    return server.client(ORGANIZATION, *PERMISSIONS)


@pytest.fixture(scope="module")
def gateway(server):
    return server.client("", "files:read", "files:write", gateway=True)


@pytest.fixture(scope="module")
def real(owner):
    """A file that is there, for names that almost are its id."""
    return owner.upload(b"real", "a.bin", BYTES)


@pytest.fixture(autouse=True)
def untouched(server, owner, real):
    """Whatever a test sends, the data directory has the same files, the same keys, and serves."""

    def state():
        return sorted(path.name for path in server.data_dir.iterdir()), (server.data_dir / "signing-keys").read_bytes()

    before = state()
    yield
    assert state() == before and server.process.poll() is None
    assert http("GET", owner.url(real)).content == b"real"
