"""A listener that cannot listen says which key and address is the cause."""

import os
import pathlib
import socket
import subprocess

import pytest
from cloakroom import BINARY

NAMES = ["api", "storage", "operations"]
# TEST-NET-1 (RFC 5737) is no machine's, and .invalid (RFC 6761) is no host's.
FOREIGN = "192.0.2.1:8080"
UNKNOWN = "cloakroom.invalid:8080"


def serve(directory, **addresses):
    """Runs a server that cannot start; the listeners that are not named get free ports."""
    options = [f"--{name}-address={addresses.get(name, '127.0.0.1:0')}" for name in NAMES]
    line = [BINARY, "serve", "--data-dir", str(directory / "data"), *options]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def told(result, code=1):
    """The only error on standard error."""
    assert (result.returncode, result.stdout) == (code, ""), result
    # A warning may come before: an API that others reach beside a storage origin that they do not.
    [line] = [line for line in result.stderr.splitlines() if "clients reach the storage origin" not in line]
    return line


@pytest.mark.parametrize("name", NAMES)
def test_a_taken_port(tmp_path, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        line = told(serve(tmp_path, **{name: address}))
    assert line == f"cloakroom: {name}-address {address} is already in use"


@pytest.mark.parametrize("name", NAMES)
def test_an_address_of_another_machine(tmp_path, name):
    line = told(serve(tmp_path, **{name: FOREIGN}))
    assert line == f"cloakroom: {name}-address {FOREIGN} is not an address of this machine"


@pytest.mark.parametrize("name", NAMES)
def test_a_host_name_that_does_not_resolve(tmp_path, name):
    line = told(serve(tmp_path, **{name: UNKNOWN}))
    reason = "the host name cloakroom.invalid does not resolve to an address"
    assert line == f"cloakroom: {name}-address {UNKNOWN}: {reason}"


def first_port_of_everyone():
    return int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up its right to low ports")
@pytest.mark.skipif(first_port_of_everyone() < 2, reason="everyone may listen on every port here")
@pytest.mark.parametrize("name", NAMES)
def test_a_missing_right(tmp_path, name):
    options = [f"--{other}-address=127.0.0.1:{1 if other == name else 0}" for other in NAMES]
    serve = [BINARY, "serve", "--data-dir", str(tmp_path / "data"), *options]
    without = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"]
    line = told(subprocess.run([*without, *serve], capture_output=True, text=True, timeout=60))
    assert line.startswith(f"cloakroom: {name}-address 127.0.0.1:1 needs a right that this process does not have")


@pytest.mark.parametrize("names", [("api", "storage"), ("api", "operations"), ("storage", "operations")])
def test_two_listeners_on_one_address(tmp_path, names):
    first, second = names
    line = told(serve(tmp_path, **{first: "127.0.0.1:8097", second: "127.0.0.1:8097"}), code=64)
    assert f"{second}-address" in line and f"{first}-address" in line and "127.0.0.1:8097" in line
    assert not (tmp_path / "data").exists()


def test_two_listeners_on_one_port_by_different_names(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = serve(tmp_path, api=f"0.0.0.0:{port}", storage=f"127.0.0.1:{port}")
    assert result.returncode == 1 and f":{port} is already in use" in told(result)
