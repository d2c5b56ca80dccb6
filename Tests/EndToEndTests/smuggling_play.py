"""Sends an ambiguous request, reads what comes back, and says what is wrong with it."""

import contextlib
import dataclasses

from cloakroom import EVIDENCE
from raw import Connection
from smuggling_case import CLOSED, STORAGE, WAITS


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came back."""

    answers: list  # status and fields of each final answer
    interim: list  # the statuses of the others
    has_ended: bool

    @property
    def first(self):
        if self.answers:
            return self.answers[0][0]
        return CLOSED if self.has_ended else WAITS


def play(case, scene, patience=15, piece=None):
    """Sends a case, behind it a request that ends the connection, and reads to the end or until nothing comes.

    With a `piece`, every write has so many bytes.
    """
    message = scene.fill(case.message) + (b"" if case.waits or case.alone else scene.last)
    # Where the server may rightly wait, its silence is the answer.
    with Connection(scene.address, timeout=2 if case.waits else patience) as connection:
        with contextlib.suppress(ConnectionError):  # refused before all of it was sent
            for start in range(0, len(message), piece or len(message)):
                connection.send(message[start : start + (piece or len(message))])
        has_ended = False
        while not has_ended:
            try:
                connection.more()
            except (EOFError, ConnectionError):
                has_ended = True
            except TimeoutError:
                break
        return parse(connection.buffer, has_ended, case.head)


def parse(received, has_ended, is_head):
    """Takes the answers out of what came."""
    answers, interim, rest = [], [], received
    while b"\r\n\r\n" in rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines[1:]}
        if 100 <= status < 200:
            interim.append(status)
            continue
        has_body = status not in (204, 304) and not (is_head and not answers)
        rest = rest[int(fields.get("content-length", 0)) if has_body else 0 :]
        answers.append((status, fields))
    EVIDENCE.text("answer to a hostile request", received.decode("utf-8", "replace"))
    return Outcome(answers, interim, has_ended)


def problems(case, scene, outcome):
    """What the outcome has that the case does not allow."""
    allowed, may_follow = case.allowed(scene.origin), scene.origin in case.follows
    found = []
    if outcome.first not in allowed:
        found.append(f"answered {outcome.first}, allowed is {sorted(map(str, allowed))}")
    has_run = scene.has_run()
    if has_run and not may_follow:
        found.append("THE HIDDEN REQUEST HAS RUN")
    if has_run and outcome.answers and outcome.answers[0][1].get("connection") == "close":
        found.append("a request has run behind Connection: close")
    if case.control and not has_run:
        found.append("the second request has not run")
    if not outcome.has_ended and WAITS not in allowed:
        found.append("the connection stays open without an answer")
    # A refusal of what is asked for, and not of how, need not end the connection of the API.
    is_refused = outcome.answers and outcome.answers[0][0] >= 400
    if scene.origin != STORAGE and outcome.answers and outcome.answers[0][0] in (401, 403, 404, 405):
        is_refused = False
    if not may_follow and is_refused:
        later = [status for status, _ in outcome.answers[1:]]
        if [status for status in later if status < 400 or scene.origin == STORAGE]:
            found.append(f"answered {later} behind a refusal")
    if case.silent and outcome.interim:
        found.append(f"sent {outcome.interim} to HTTP/1.0")
    if 101 in outcome.interim:
        found.append("switched protocols")
    return found
