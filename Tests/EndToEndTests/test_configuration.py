"""The configuration of server and client: what is mistyped, of a wrong type or misplaced is an error, not ignored."""

import json
import os
import socket
import subprocess
import threading
import zlib

import pytest
from cloakroom import BINARY, Server

DIGITS = "5ec4e7a1" * 8
KEY = f"sk_{DIGITS}{zlib.crc32(DIGITS.encode()):08x}"
WRONG_KEY = f"sk_{DIGITS}00000000"
SERVE, CLIENT = ["serve", "--data-dir", "data"], ["files", "list"]


def ended(directory, *arguments, **environment):
    """Runs a command in a directory, with nothing in its environment but a path and what a test sets."""
    variables = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(directory / "home"), **environment}
    return subprocess.run(
        [BINARY, *arguments], cwd=directory, env=variables, capture_output=True, text=True, timeout=20, check=False)


def refused(result, *told):
    """A command that was refused said why in one line, without a secret, and did nothing."""
    assert result.returncode == 64, result
    assert result.stdout == "" and result.stderr.count("\n") == 1, result.stderr
    assert [text for text in told if text not in result.stderr] == [], result.stderr
    assert DIGITS not in result.stderr.lower() and "hunter2" not in result.stderr


def serve_file(directory, content):
    path = directory / "cloakroom.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return ended(directory, *SERVE, "--config", "cloakroom.json")


def client_file(directory, content, mode=0o600, **environment):
    path = directory / "home/cloakroom/config"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    path.chmod(mode)
    return ended(directory, *CLIENT, **environment)


# MARK: Files


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"url-lifetime-seconds": "900"}, ['the string "900"', "a JSON number", "1 to 604800"]),
        ({"max-size-bytes": True}, ["true", "a JSON number"]),
        ({"max-size-bytes": None}, ["null", "a JSON number"]),
        ({"scrub-period-days": [30]}, ["a list", "a JSON number"]),
        ({"region": 5}, ['the number "5"', "a JSON string", "a-z"]),
        ({"region": None}, ["null", "a JSON string"]),
        ({"region": False}, ["false", "a JSON string"]),
        ({"region": {"name": "local"}}, ["an object", "a JSON string"]),
        ({"storage-url": ["https://a.example"]}, ["a list", "separated by commas"]),
        ({"log-level": ["info"]}, ["a list", "trace, debug"]),
        ({"data-dir": 7}, ['the number "7"', "a JSON string"]),
        ({"region": "\ud800"}, ["a string that is not Unicode"]),
        (b'{"max-size-bytes": 1e3}', ['"1e3"', "1 to 5368709120"]),
        (b'{"max-size-bytes": 5.0}', ['"5.0"', "1 to 5368709120"]),
        (b'{"max-size-bytes": -1}', ['"-1"', "1 to 5368709120"]),
        (b'{"max-size-bytes": 18446744073709551617}', ['"18446744073709551617"', "1 to 5368709120"]),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_file_and_key(tmp_path, content, told):
    result = serve_file(tmp_path, content)
    [key] = json.loads(content) if isinstance(content, bytes) else content
    refused(result, "cloakroom.json", key, *told)
    assert not (tmp_path / "data").exists()


def test_a_path_ends_nowhere_but_at_its_end(tmp_path):
    (tmp_path / "cloakroom.json").write_text(json.dumps({"data-dir": "da\0ta"}))
    refused(ended(tmp_path, "serve", "--config", "cloakroom.json"), "cloakroom.json", "data-dir", "a path")


def test_a_wrong_type_is_an_error_although_a_flag_wins(tmp_path):
    (tmp_path / "cloakroom.json").write_text('{"region": 5}')
    refused(ended(tmp_path, *SERVE, "--config", "cloakroom.json", "--region", "local"), "cloakroom.json", "region")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"regoin": "local"}, ['"regoin"', 'did you mean "region"?']),
        ({"max_size_bytes": 5}, ['did you mean "max-size-bytes"?']),
        ({"concurrentRequestsPerKey": 5}, ['did you mean "concurrent-requests-per-key"?']),
        ({"STORAGE-URL": "https://a.example"}, ['did you mean "storage-url"?']),
        ({"colour": "red"}, ['"colour"', "data-dir", "log-level"]),
        ({"": "red"}, ['""', "data-dir"]),
        ({"server": "http://a.example"}, ['"server"', "commands that talk to a service"]),
        ({"key": KEY}, ['"key"', "commands that talk to a service"]),
        ({KEY: "local"}, ["sk_…"]),
        (b'{"region": "a", "region": "b"}', ['"region"', "more than once"]),
        (b'{"region": "a", "\\u0072egion": "a"}', ['"region"', "more than once"]),
        (b"", ["empty", "a JSON object"]),
        (b" \n", ["line 2, column 1", "not JSON"]),
        (b'{"region": "a",\n "log-level": info}', ["line 2, column 15", "not JSON"]),
        (b'{"region": "a",}', ["line 1, column 16", "not JSON"]),
        (b'{"region": "a"} {}', ["line 1, column 17", "not JSON"]),
        (b"{'region': 'a'}", ["line 1, column 2", "not JSON"]),
        (b"\xef\xbb\xbf{}", ["line 1, column 1", "not JSON"]),
        (b'{"region": "\xff"}', ["not JSON"]),
        ("{}".encode("utf-16"), ["not JSON"]),
        (b"region: a", ["not JSON"]),
        ([], ["a JSON object"]),
        ("text", ["a JSON object"]),
        (b'{"region": ' + b"[" * 5000 + b"]" * 5000 + b"}", ["nested"]),
        (b" " * 1_100_000 + b"{}", ["larger than"]),
    ],
)
def test_a_file_that_is_not_an_object_of_known_keys_is_refused(tmp_path, content, told):
    refused(serve_file(tmp_path, content), "cloakroom.json", *told)
    assert not (tmp_path / "data").exists()


def make_link(path):
    path.symlink_to("nowhere")


def make_unreadable(path):
    path.write_text("{}")
    path.chmod(0)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (os.mkdir, "directory"),
        (os.mkfifo, "not a regular file"),
        (make_socket, "cannot be read"),
        (make_link, "cannot be read"),
        (make_unreadable, "cannot be read"),
    ],
)
@pytest.mark.parametrize("command", [SERVE, CLIENT])
def test_a_file_that_is_none_is_named(tmp_path, monkeypatch, command, make, told):
    if make is make_unreadable and os.geteuid() == 0:
        pytest.skip("root reads everything")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "home/cloakroom/config"
    path.parent.mkdir(parents=True)
    # A socket's path is short.
    make(os.path.relpath(path) if make is make_socket else path)
    environment = {"CLOAKROOM_CONFIG": str(path)} if command is SERVE else {"CLOAKROOM_KEY": KEY}
    refused(ended(tmp_path, *command, **environment), str(path), told)


def test_the_file_of_serve_must_be_there_and_that_of_clients_need_not(tmp_path):
    refused(ended(tmp_path, *SERVE, CLOAKROOM_CONFIG="none.json"), "none.json", "No such file")
    refused(ended(tmp_path, *CLIENT), "no API key", "home/cloakroom/config")


def test_a_link_to_a_file_is_a_file(tmp_path):
    (tmp_path / "real.json").write_text('{"region": "NO"}')
    (tmp_path / "linked.json").symlink_to("real.json")
    refused(ended(tmp_path, *SERVE, "--config", "linked.json"), "linked.json", "region", '"NO"')


# MARK: The client's file


class Listener:
    """A server that only notes whether anybody connects to it."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"sever": "https://a.example", "key": KEY}, ['"sever"', 'did you mean "server"?']),
        ({"Server": "https://a.example", "key": KEY}, ['did you mean "server"?']),
        ({"url": "https://a.example", "key": KEY}, ['"url"', "server, key, organization"]),
        ({"server": None, "key": KEY}, ["server", "null", "a JSON string"]),
        ({"server": ["https://a.example"], "key": KEY}, ["server", "a list"]),
        ({"server": {"url": "https://a.example"}, "key": KEY}, ["server", "an object"]),
        ({"server": 8080, "key": KEY}, ["server", "8080"]),
        ({"server": "", "key": KEY}, ["server", '""']),
        ({"server": KEY, "key": "https://a.example"}, ["server", "sk_…"]),
        ({"server": "https://a.example", "key": KEY.upper()}, ["key", "sk_ and 72"]),
        ({"server": "https://a.example", "key": 5}, ["key", "a number"]),
        ({"server": "https://a.example", "key": [KEY]}, ["key", "a list"]),
        ({"key": KEY, "organisation": "acme"}, ['did you mean "organization"?']),
        ({"key": KEY, "organization": "Acme!"}, ["organization", '"Acme!"', "a-z"]),
        ({"key": KEY, "region": "local"}, ['"region"', "the command serve"]),
        (b'{"server": "https://a.example", "server": "https://b.example"}', ['"server"', "more than once"]),
        (b'{"server": "https://a.example', ["not JSON"]),
    ],
)
def test_a_mistake_in_the_clients_file_is_an_error(tmp_path, content, told):
    refused(client_file(tmp_path, content), *told)


def test_a_mistyped_server_sends_the_key_nowhere(tmp_path):
    """The default server is not asked, wherever the mistake is."""
    listener = Listener()
    for result in (
        client_file(tmp_path, {"sever": listener.url, "key": KEY}),
        client_file(tmp_path, {"key": KEY}, CLOAKROOM_SEVRER=listener.url),
        client_file(tmp_path, {"key": KEY}, cloakroom_server=listener.url),
        client_file(tmp_path, {"key": KEY}, CLOAKROM_SERVER=listener.url),
    ):
        refused(result, "server" if "sever" in result.stderr else "CLOAKROOM_SERVER")
    assert listener.connections == 0
    result = client_file(tmp_path, {"server": listener.url, "key": KEY})
    assert (result.returncode, listener.connections > 0) == (1, True), result


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        ({"key": KEY}, 0o640, "readable"),
        ({"key": KEY}, 0o604, "readable"),
        ({"server": "https://a.example"}, 0o660, "writable"),
        ({"server": "https://a.example"}, 0o606, "writable"),
    ],
)
def test_the_clients_file_is_the_users_own(tmp_path, content, mode, told):
    refused(client_file(tmp_path, content, mode=mode), "home/cloakroom/config", told, "chmod 600")


def test_a_file_without_a_key_may_be_readable(tmp_path):
    refused(client_file(tmp_path, {"server": "https://a.example"}, mode=0o644), "no API key")


def test_the_clients_file_is_found_by_an_absolute_path(tmp_path):
    """One in the working directory could be anybody's."""
    (tmp_path / "cloakroom").mkdir()
    (tmp_path / "cloakroom/config").write_text("{}")
    refused(ended(tmp_path, *CLIENT, XDG_CONFIG_HOME="."), "XDG_CONFIG_HOME", '"."', "absolute")
    refused(ended(tmp_path, *CLIENT, XDG_CONFIG_HOME="", HOME=str(tmp_path)), f"{tmp_path}/.config/cloakroom/config")


# MARK: The environment


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CLOAKROOM_DATADIR", "CLOAKROOM_DATA_DIR"),
        ("CLOAKROOM_DATA_DRI", "CLOAKROOM_DATA_DIR"),
        ("CLOAKROOM_SEVER", "CLOAKROOM_SERVER"),
        ("CLOAKROOM_KEYS", "CLOAKROOM_KEY"),
        ("CLOAKROOM_STORAGE_URLS", "CLOAKROOM_STORAGE_URL"),
        ("CLOAKROOM_CONFG", "CLOAKROOM_CONFIG"),
        ("CLOAKROOM_ORGANISATION", "CLOAKROOM_ORGANIZATION"),
        ("CLOAKROOM_CONCURRENTREQUESTSPERKEY", "CLOAKROOM_CONCURRENT_REQUESTS_PER_KEY"),
        # A transposition and an insertion between the transposed letters: two by Damerau and Levenshtein.
        ("CLOAKROOM_RGXEION", "CLOAKROOM_REGION"),
        ("CLOAKROOM_MAX_SIZE_BYT", "CLOAKROOM_MAX_SIZE_BYTES"),
        ("Cloakroom_Region", "CLOAKROOM_REGION"),
        ("CLOAKROOM-REGION", "CLOAKROOM_REGION"),
        ("CLOKROOM_KEY", "CLOAKROOM_KEY"),
    ],
)
@pytest.mark.parametrize("command", [SERVE, CLIENT, ["keys", "list"], ["backup", "backups"], ["check"]])
def test_a_mistyped_variable_is_an_error_of_every_command(tmp_path, name, meant, command):
    refused(ended(tmp_path, *command, **{name: "hunter2"}), name, f"did you mean {meant}?")
    assert list(tmp_path.iterdir()) == []


def test_the_name_that_is_nearest_is_suggested(tmp_path):
    """Both have a distance of at most two."""
    refused(ended(tmp_path, *CLIENT, CLOAKROOM_API_URI="x"), "did you mean CLOAKROOM_API_URL?")


def test_a_variable_that_resembles_none_is_a_warning(tmp_path):
    for name in ("COLOUR", "", "API_TOKEN", "SERVER_URL", "RXGYEZION"):
        name = f"CLOAKROOM_{name}"
        result = ended(tmp_path, *CLIENT, **{name: "hunter2"})
        warning, error = result.stderr.splitlines()
        assert "warning" in warning and f" {name};" in warning and "hunter2" not in warning
        assert result.returncode == 64 and "no API key" in error


@pytest.mark.parametrize(
    "name",
    [
        "CLOAKROOM_SERVICE_HOST", "CLOAKROOM_SERVICE_PORT", "CLOAKROOM_SERVICE_PORT_API", "CLOAKROOM_PORT",
        "CLOAKROOM_PORT_8080_TCP", "CLOAKROOM_PORT_8080_TCP_PROTO", "CLOAKROOM_PORT_8080_TCP_PORT",
        "CLOAKROOM_PORT_8080_TCP_ADDR", "CLOAKROOM_API_SERVICE_HOST", "CLOAKROOM_API_SERVICE_PORT_HTTP",
        "CLOAKROOM_API_PORT", "CLOAKROOM_STORAGE_PORT_8081_TCP_ADDR", "CLOAKROOM_GATEWAY_KEY", "CLOAKROOM",
        "XCLOAKROOM_COLOUR",
    ],
)
def test_variables_of_kubernetes_and_of_others_are_ignored(tmp_path, name):
    result = ended(tmp_path, *CLIENT, **{name: "tcp://10.0.0.1:8080"})
    refused(result, "no API key")


def test_commands_that_read_no_configuration_read_no_environment(tmp_path):
    for arguments in (["version"], ["--help"], ["serve", "--help"], ["keys", "list", "--help"]):
        result = ended(tmp_path, *arguments, CLOAKROOM_SEVER="x", CLOAKROOM_COLOUR="red")
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (SERVE[:1], "CLOAKROOM_DATA_DIR"), (SERVE, "CLOAKROOM_REGION"), (SERVE, "CLOAKROOM_MAX_SIZE_BYTES"),
        (SERVE, "CLOAKROOM_STORAGE_URL"), (SERVE, "CLOAKROOM_API_ADDRESS"), (SERVE, "CLOAKROOM_CONFIG"),
        (CLIENT, "CLOAKROOM_SERVER"), (CLIENT, "CLOAKROOM_KEY"), (["keys", "list"], "CLOAKROOM_DATA_DIR"),
    ],
)  # fmt: skip
def test_an_empty_variable_is_an_error(tmp_path, command, name):
    refused(ended(tmp_path, *command, **{name: ""}), name)


# MARK: Values


@pytest.mark.parametrize(
    ("key", "values", "told"),
    [
        (
            "max-size-bytes",
            ["0", "-1", "+1", " 1", "1 ", "1e3", "1_000", "1,000", "0x10", "10MiB", "٣", "5368709121", "9" * 40],
            "a whole number from 1 to 5368709120",
        ),
        ("event-retention-days", ["0", "366", "1.5", "7d"], "a whole number from 1 to 365"),
        ("shutdown-timeout-seconds", ["3601", "30s", "-0", "1.5"], "a whole number from 0 to 3600"),
        (
            "api-address",
            ["8080", "localhost", "localhost:", "localhost:65536", ":x", ":", "::1:80", "[::1]", "[::1]80", "*:80",
             "0:80", "127.1:80", "300.0.0.1:80", "http://localhost:80", "localhost:80/", "local host:80"],
            "<host>:<port>, or :<port>",
        ),
        (
            "storage-url",
            ["storage.example.com", "https://a.example/path", "https://", "ftp://a.example", "https://a.example:0",
             "https://a..example", "https://a.example,", ",https://a.example", "https:// a.example",
             "https://a.example https://b.example", "https://[::x]"],
            "http:// or https://",
        ),
        ("region", ["EU", "eu west", "eu_west", "é", "a" * 33], "1 to 32 characters"),
        ("log-level", ["INFO", "warn", "1"], "trace, debug, info"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_allowed_is_named(tmp_path, key, values, told):
    variable = "CLOAKROOM_" + key.upper().replace("-", "_")
    for value in values:
        refused(ended(tmp_path, *SERVE, f"--{key}={value}"), f"--{key}", f'"{value}"', told)
        refused(ended(tmp_path, *SERVE, **{variable: value}), variable, f'"{value}"', told)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([*SERVE, "--storage-url=https://user:hunter2@a.example"], "…@a.example"),
        ([*SERVE, "--storage-url=https://a.example/?key=hunter2"], "https://a.example/?…"),
        ([*SERVE, "--api-url=https://a.example#hunter2"], "https://a.example#…"),
        ([*SERVE, f"--region={KEY}"], '"sk_…"'),
        ([*CLIENT, "--server=https://user:hunter2@a.example"], "…@a.example"),
        ([*CLIENT, "--server=https://a.example?X-Amz-Signature=hunter2"], "https://a.example?…"),
        ([*CLIENT, f"--server={KEY}"], '"sk_…"'),
        ([*CLIENT, f"--key={WRONG_KEY}"], "key (--key): the value is not allowed"),
        ([*CLIENT, "--key", "hunter2"], "key (--key): the value is not allowed"),
    ],
)
def test_no_secret_is_echoed(tmp_path, arguments, shown):
    refused(ended(tmp_path, *arguments), shown)


def test_an_empty_flag_is_told(tmp_path):
    for flag in ("--max-size-bytes=", "--region=", "--data-dir="):
        result = ended(tmp_path, "serve", flag)
        assert result.returncode == 64 and f"Missing value for '{flag[:-1]} <" in result.stderr


def test_of_a_flag_that_is_repeated_the_last_counts(tmp_path):
    refused(ended(tmp_path, *SERVE, "--region=local", "--region=LAST"), '"LAST"')
    refused(ended(tmp_path, *SERVE, "--region=FIRST", "--region=local", "--log-level=x"), "log-level")


# MARK: Addresses


def test_a_port_alone_is_taken_on_all_interfaces():
    with Server("--api-address=:0") as server:
        port = int(server.api.rpartition(":")[2])
        assert server.api == (f"http://[::]:{port}" if socket.has_ipv6 else f"http://0.0.0.0:{port}")
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, port), timeout=5):
                pass


WARNED = [
    (["--storage-address=0.0.0.0:0"], "begin with http://0.0.0.0:<port>, which"),
    (["--storage-address=[::]:0"], "begin with http://[::]:<port>, which"),
    (["--storage-address=:0"], "begin with http://[::]:<port>, which"),
    (["--api-address=0.0.0.0:0"], "begin with http://127.0.0.1:<port>, which"),
    (["--storage-url=http://0.0.0.0:8081"], "presigned URLs with http://0.0.0.0:8081 do not work"),
    (["--storage-url=http://[::0]"], "presigned URLs with http://[::0] do not work"),
]
SILENT = [
    [],
    ["--operations-address=0.0.0.0:0"],
    ["--storage-address=0.0.0.0:0", "--storage-url=https://a.example"],
    ["--api-address=0.0.0.0:0", "--storage-url=http://localhost:8081"],
]


@pytest.mark.parametrize(("options", "told"), WARNED)
def test_urls_that_clients_cannot_use_are_warned_of(options, told):
    with Server(*options) as server:
        [warning] = [line for line in server.logged().splitlines() if line.startswith("cloakroom: warning: ")]
        assert told in warning and "set storage-url" in warning


@pytest.mark.parametrize("options", SILENT)
def test_urls_that_clients_can_use_are_not(options):
    with Server(*options) as server:
        assert "cloakroom: warning: " not in server.logged()
