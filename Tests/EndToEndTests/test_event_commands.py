"""The command events, with a service that plays a log."""

import json
import signal
import subprocess

import pytest
from cloakroom import BINARY, EVIDENCE
from event_server import API_KEY, EventServer, event
from held_connections import eventually
from test_client_commands import environment


@pytest.fixture
def service():
    with EventServer() as service:
        yield service


def run(service, *arguments, code=0):
    line = [BINARY, "events", *arguments]
    result = subprocess.run(line, env=environment(service.url, API_KEY), capture_output=True, text=True, timeout=60)
    EVIDENCE.text("stderr of a client command", result.stderr)
    assert result.returncode == code, result
    return result


def start(service, *arguments):
    return subprocess.Popen(
        [BINARY, "events", "--follow", *arguments], env=environment(service.url, API_KEY), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def columns(number):
    return f"2026-11-29T12:00:00Z\tfile.ready\tfile_01a1fa8d-56a2-7000-9ff0-{number:012x}\t{number}.txt\t{number}"


def test_the_log_is_printed_from_its_beginning(service):
    result = run(service)
    assert result.stdout.splitlines() == [columns(number) for number in range(1, 6)] and result.stderr == ""
    assert run(service, "--after", "g.3").stdout.splitlines() == [columns(4), columns(5)]
    assert run(service, "--after", "oldest", "--limit", "2").stdout.splitlines() == [columns(1), columns(2)]
    assert run(service, "--after", "now").stdout == ""


def test_pages_are_asked_for_as_long_as_there_are_more(service):
    service.log = [event(number) for number in range(1, 451)]
    assert len(run(service).stdout.splitlines()) == 450
    assert [service.query(request).get("after") for request in service.requests] == [None, "g.200", "g.400"]


def test_json_is_that_of_the_api_with_a_cursor(service):
    service.log[1] = event(2, "file.deleted", reason="expired")
    documents = [json.loads(line) for line in run(service, "--json").stdout.splitlines()]
    assert documents[-1].pop("cursor") == "g.5"
    assert documents == service.log
    process = start(service, "--after", "oldest", "--json", "--limit", "5")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and errors == ""
    followed = [json.loads(line) for line in output.splitlines()]
    assert [document.pop("cursor") for document in followed] == [f"g.{number}" for number in range(1, 6)]
    assert followed == service.log


def test_types_are_asked_for_and_new_ones_printed(service):
    service.log = [{"type": "file.new\x1b", "timestamp": "2026-11-29T12:00:00Z", "data": {"event_id": "evt_1"}}]
    result = run(service, "--types", "file.new,file.*")
    assert result.stdout == "2026-11-29T12:00:00Z\tfile.new\\u{1B}\t-\t-\t-\n"
    assert service.query(service.requests[0])["types"] == "file.new,file.*"


def test_a_broken_stream_is_continued(service):
    service.breaks = [2, 0, 1]
    process = start(service, "--after", "g.0", "--limit", "5")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert output.splitlines() == [columns(number) for number in range(1, 6)]
    starts = [(service.query(request)["after"], request.headers["Last-Event-ID"]) for request in service.requests]
    assert starts == [("g.0", None), ("g.2", "g.2"), ("g.2", "g.2"), ("g.3", "g.3")]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_stream_with_the_cursor(service, how):
    process = start(service)
    eventually(lambda: service.streams == 1)
    service.log.append(event(6))
    assert process.stdout.readline() == columns(6) + "\n"
    process.send_signal(how)
    assert process.wait(20) == 130
    assert process.stderr.read() == "cloakroom: continue with --after g.6\n"
    process.communicate()


def test_a_signal_before_the_first_event_tells_where_now_was(service):
    process = start(service)
    eventually(lambda: service.streams == 1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (130, "", "cloakroom: continue with --after g.5\n")


def test_a_signal_ends_a_command_that_nobody_reads(service):
    service.log = [event(number) for number in range(1, 5_001)]
    process = start(service, "--after", "oldest")
    assert process.stdout.readline() == columns(1) + "\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.stderr.read().startswith("cloakroom: continue with --after g.")
    process.communicate()


def test_a_reader_that_leaves_ends_the_stream(service):
    process = start(service)
    eventually(lambda: service.streams == 1)
    process.stdout.close()
    service.log.append(event(6))
    assert process.wait(20) == 1
    assert process.stderr.read() == "cloakroom: standard output: Broken pipe\n"
    process.stderr.close()


def test_a_cursor_that_is_gone_is_an_error(service):
    error = {"error": {"code": "EVENT_CURSOR_GONE", "message": "Events are missing.", "request_id": "r1"}}
    service.page = service.stream = lambda request: service.answer(request, 410, error)
    for arguments in ([], ["--follow"]):
        result = run(service, "--after", "g.1", *arguments, code=1)
        assert result.stderr == "cloakroom: EVENT_CURSOR_GONE: Events are missing. (request r1)\n"


def test_wrong_options_are_told(service):
    for arguments in (["--after", "a b"], ["--after", ""], ["--types", "file.ready,"], ["--limit", "0"]):
        assert arguments[0] in run(service, *arguments, code=64).stderr
    assert service.requests == []
