"""The real binary in lockstep with its reference model, under random sequences of operations and steps of the clock.

Hypothesis makes up the sequences: each rule, here and in lockstep_*.py, is an operation that is done to the model and
to the service, and whatever the two say differently fails the run. After each step a sample of files is looked at,
after each sequence all of them. Hypothesis then shrinks the sequence: it leaves out steps and simplifies the others
while the run still fails, and prints what is left as a program, with a line `@reproduce_failure(…)`.

- `CLOAKROOM_MODEL_EXAMPLES`: how many sequences; a few by default. `scripts/model` runs a thousand.
- `CLOAKROOM_MODEL_SEED`: the seed of a run. It is printed when a run fails, and repeats the run with the same number
  of examples and version of Hypothesis. What failed last is also kept in `.hypothesis` and tried first.
- The line `@reproduce_failure(…)`, put before `class Lockstep`, repeats the shrunk sequence alone.

One server serves the whole run. Each sequence has organizations of its own, so it does not depend on those before.

The server runs under libfaketime (stepped_server.py). Without that or a C compiler the tests are skipped; where a
number of examples was asked for, they fail.
"""

import email.utils
import os
import random
import signal

import hypothesis
import pytest
from cloakroom import ROOT, http
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from lockstep_comparison import TOLERANCE
from lockstep_downloads import Downloads
from lockstep_files import Files
from lockstep_requests import FLIPPED, NAMES, ORGANIZATIONS, PERMISSIONS, STEPS, WHO_MANAGES, declaration, nth
from lockstep_uploads import Uploads
from reference_values import DAY, HOUR, Ask
from stepped_server import SteppedServer
from test_quotas import set_quotas, usage

SEED = int(os.environ.get("CLOAKROOM_MODEL_SEED") or random.SystemRandom().randrange(2**32))
SETTINGS = hypothesis.settings(
    max_examples=int(os.environ.get("CLOAKROOM_MODEL_EXAMPLES") or 8),
    stateful_step_count=40,
    deadline=None,
    derandomize=False,
    print_blob=True,
    report_multiple_bugs=False,
    phases=[hypothesis.Phase.reuse, hypothesis.Phase.generate, hypothesis.Phase.shrink],
    suppress_health_check=list(hypothesis.HealthCheck),
    database=DirectoryBasedExampleDatabase(ROOT / ".hypothesis/examples"),
)

RESTARTS = 2


class Lockstep(Uploads, Downloads, Files):
    """Two organizations, the model and the service."""

    # Organizations, keys, time and the process

    @rule(
        organization=ORGANIZATIONS,
        files_left=st.sampled_from([None, None, None, 4, 1, 0, -1]),
        bytes_left=st.sampled_from([None, None, None, 300_000, 1_000, 0, -1]),
        lifetime=st.sampled_from([None, None, None, 2_000, 50_000]),
    )
    def limit(self, organization, files_left, bytes_left, lifetime):
        """Sets an organization's quota and the life of its files, as an operator does."""
        name = self.names[organization]
        used = self.model_now().usage(name)
        left = (files_left, bytes_left)
        limits = tuple(None if more is None else max(0, now + more) for now, more in zip(used, left))
        options = zip(("--max-files", "--max-bytes", "--expires-after-seconds"), (*limits, lifetime))
        texts = [part for option, limit in options for part in (option, "none" if limit is None else str(limit))]
        set_quotas(self.server, name, *texts)
        self.model.quotas[name], self.model.lifetimes[name] = limits, lifetime

    @rule(
        organization=ORGANIZATIONS, who=WHO_MANAGES, role=st.sampled_from(["reader", "writer"]),
        grace=st.sampled_from([0, 600, 5_000, DAY]),
    )  # fmt: skip
    def rotate(self, organization, who, role, grace):
        name = self.names[organization]
        caller, key = self.caller(who, name), self.keys[name, role]
        answer = self.model_now().rotate(caller, key, grace)
        path = f"/v1/keys/{key.id}/rotate"
        response = self.api("POST", path, caller, json={"grace_period_seconds": grace})
        self.expect(answer, response)
        if response.ok:
            self.fill(answer.key, response.json())
            self.former[name], self.keys[name, role] = key, answer.key

    @rule(seconds=st.sampled_from(STEPS))
    def step(self, seconds):
        now = self.model_now().now
        self.advance(self.model.clear(now + seconds) - now)

    @precondition(lambda self: self.restarts < RESTARTS)
    @rule(how=st.sampled_from([signal.SIGTERM, signal.SIGKILL]))
    def restart(self, how):
        self.restarts += 1
        code = self.server.stop(how)
        self.server.start()
        assert code == (0 if how == signal.SIGTERM else -signal.SIGKILL)

    # The two views

    @invariant()
    def a_sample_agrees(self):
        """The newest file and another are shown as the model has them."""
        self.looked += 1
        if self.model.files:
            for file in {self.model.files[-1], nth(self.model.files, self.looked)}:
                self.show(file, "owner")
        self.agrees = True

    def everything_agrees(self):
        for name in self.names:
            owner = self.caller("owner", name)
            page, listed = self.list_as(owner, name, {"limit": 3})
            while page:
                page, more = self.list_as(owner, name, {"limit": 3}, page)
                listed = listed + more
            assert listed == self.model_now().live(name)[::-1]
            assert usage(self.server, name) == self.model.usage(name)
        for file in self.model.files:
            self.show(file, "owner")
            self.read(file, "owner", Ask(), False)
            for number in range(min(3, len(file.downloads))):
                self.fetch(file, number, False, Ask(), number > 0)

    def teardown(self):
        # After a difference there is no other to look for.
        if self.agrees:
            self.everything_agrees()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with SteppedServer(tmp_path_factory.mktemp("stepped")) as server:
        yield server


@pytest.fixture(scope="module")
def machine(server):
    permissions = [permission for group in PERMISSIONS.values() for permission in group]
    secret = server.key("", *dict.fromkeys(permissions), gateway=True)
    return type("Lockstep", (Lockstep,), {"server": server, "gateway_secret": secret})


@pytest.mark.parametrize("seconds", [0, 1, HOUR, 25 * HOUR])
def test_the_clock_can_be_stepped(server, seconds):
    server.step(seconds)
    response = http("OPTIONS", server.storage + "/files/x")
    assert abs(email.utils.parsedate_to_datetime(response.headers["Date"]).timestamp() - server.now()) <= TOLERANCE
    # What sleeps in the server still wakes up: this answer waits for 2 ms.
    assert server.client().get("/v1/files/file_x").status_code == 404


DIFFERENCES = {
    "deleted": lambda file: setattr(file, "gone", "deleted"),
    "other bytes": lambda file: setattr(file, "data", file.data.translate(FLIPPED)),
    "earlier": lambda file: setattr(file, "created_at", file.created_at - 60),
    "a revoked URL": lambda file: setattr(file.downloads[0], "is_revoked", True),
    "another name": lambda file: file.declared.update(filename="other"),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_difference_is_noticed(machine, difference):
    state = machine()
    file = state.begin(declared=declaration(NAMES[0], 1_000, True, None))
    state.ask_for_url(file=file, who="owner", form="url")
    state.everything_agrees()
    DIFFERENCES[difference](file)
    with pytest.raises(AssertionError):
        state.everything_agrees()


def test_the_service_agrees_with_its_model(machine):
    print(f"CLOAKROOM_MODEL_SEED={SEED}")
    run_state_machine_as_test(hypothesis.seed(SEED)(machine), settings=SETTINGS)
