"""A server that cannot listen: the address is named, and nothing is left behind."""

import signal
import socket
import subprocess

import pytest
from cloakroom import BINARY, KEY, Server, command
from test_data_directories import FREE, serve, tree


def taken_port():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@pytest.mark.parametrize("name", ["api", "storage", "operations"])
def test_a_server_that_cannot_listen_leaves_nothing(tmp_path, name):
    with taken_port() as listener:
        address = "127.0.0.1:{}".format(listener.getsockname()[1])
        for address in (address, "192.0.2.1:0", "host.invalid:0"):
            result = serve(tmp_path / "data", f"--{name}-address={address}")
            assert result.returncode == 1 and address in result.stderr, result
            assert result.stdout == ""
            assert not (tmp_path / "data").exists()
        (tmp_path / "empty").mkdir(mode=0o755)
        before = tree(tmp_path)
        assert serve(tmp_path / "empty", f"--{name}-address={address}").returncode == 1
        assert tree(tmp_path) == before


def test_two_listeners_of_one_address_are_no_server(tmp_path):
    with taken_port() as listener:
        address = "127.0.0.1:{}".format(listener.getsockname()[1])
    result = serve(tmp_path / "data", f"--api-address={address}", f"--operations-address={address}")
    assert result.returncode == 64 and "operations-address" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_second_server_of_a_directory_hears_of_the_first(tmp_path):
    """Not that its ports are taken, which they are too."""
    with Server(data_dir=tmp_path) as server:
        address = server.api.removeprefix("http://")
        result = serve(tmp_path, f"--api-address={address}")
        assert result.returncode == 1 and "in use by another server" in result.stderr


def test_a_key_that_was_not_shown_was_not_made(tmp_path):
    """The start that could not listen; the next one shows a key."""
    with taken_port() as listener:
        address = "127.0.0.1:{}".format(listener.getsockname()[1])
        assert serve(tmp_path / "data", f"--operations-address={address}").returncode == 1
    line = [BINARY, "serve", *FREE, "--data-dir", tmp_path / "data"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    try:
        assert any(KEY.search(line) for line in iter(process.stdout.readline, ""))
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        process.wait(20)
    assert len(command("keys", "list", data_dir=tmp_path / "data").stdout.splitlines()) == 1
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
