"""Judges how a server takes damage: everything is intact, it refuses to start, or it says what is lost."""

import dataclasses
import re
import time

from damage_look import Changes, Look
from damage_remains import Remains
from damage_trial import Trial, run

# How long a server has to say what is lost: it looks for some of that beside the first requests.
PATIENCE = 8
# All is there, but URLs from before are refused, after damage to the signing keys: these are the operator's to change.
REKEYED = "intact, other signing keys"
# The damaged body of a file is in quarantine, its client sees it as pending, and nothing else is lost.
SET_ASIDE = "set aside"
GOOD = ["intact", REKEYED, "refused", "said", SET_ASIDE]
# A reason not to be ready that covers whatever the database has lost.
COVERING = re.compile(r"history|malformed|corrupt|catalog\.sqlite.* damaged")
# A line of the log that an operator is alarmed by.
ALARM = re.compile(r"^\S+ (error|critical)\b", re.MULTILINE)


@dataclasses.dataclass
class Verdict:
    """How a cell ended, and what the judge has seen."""

    # One of `GOOD`, or what is wrong.
    outcome: str
    details: list[str] = dataclasses.field(default_factory=list)

    @property
    def is_good(self):
        return self.outcome in GOOD


class Words:
    """What a server and a check say of a store."""

    def __init__(self, root, log, readiness=None):
        self.log = log
        self.is_unready = readiness is not None and readiness.status != 200
        self.readiness = readiness.body.decode(errors="replace") if readiness else ""
        # A check takes seconds to be sure of what it finds beside a server; one alarm is enough there.
        nothing = (None, "", "")
        self.code, self.findings, self.summary = nothing if self.is_unready else run(root, "check", "--data")

    def tell(self, loss):
        """Whether a loss is said: in the log, and where monitoring or a check finds it."""
        is_named = loss.uuid and loss.uuid in self.log + self.findings
        is_covered = COVERING.search(self.readiness) or re.search(r"^(history|corrupt) ", self.findings, re.MULTILINE)
        is_seen = self.is_unready or self.code == 1
        return bool(ALARM.search(self.log) and is_seen and (is_named or is_covered)) or self.is_set_aside(loss)

    def is_set_aside(self, loss):
        """Whether the log has an error about a file, and a check lists its body in the quarantine."""
        line = rf"^quarantined \S*{loss.uuid}\b"
        return bool(loss.uuid) and any(ALARM.match(line) and loss.uuid in line for line in self.log.splitlines()) and (
            re.search(line, self.findings, re.MULTILINE) is not None)

    def lines(self):
        log = [line[:300] for line in self.log.splitlines() if " info " not in line]
        return [*log[:8], f"readyz: {self.readiness.strip() or self.is_unready}", f"check: {self.code}",
                *self.findings.splitlines()[:8], self.summary.strip()]  # fmt: skip


class Judge:
    """Starts a server on a damaged store, and judges what it does."""

    def __init__(self, root, ledger, *, names=(), put_back=None, storage_first=False, during=lambda: None):
        self.root, self.ledger, self.storage_first = root, ledger, storage_first
        # What a refusal may name, and how the damage is undone; what happens while the server runs.
        self.names, self.put_back, self.during = names, put_back, during
        self.remains = Remains(root, ledger)

    def verdict(self):
        with Trial(self.root) as trial:
            if not trial.is_up:
                return self.refusal(trial)
            self.during()
            losses, words = self.watch(trial)
            code = trial.stop()
        if code != 0:
            return Verdict("crashed", [f"the server ended with {code}", *words.lines()])
        # What a running server says, a stopped one's store says to a check, too.
        later = Words(self.root, trial.log) if losses else words
        return self.judgement(losses, words, later)

    def watch(self, trial):
        """Looks until everything is intact or said, or patience ends; then does what clients go on doing."""
        deadline, wrong = time.monotonic() + PATIENCE, []
        while True:
            losses = self.look(trial, Look)
            wrong += [loss for loss in losses if loss.are_wrong_bytes]
            words = Words(self.root, trial.log, trial.is_ready())
            if all(words.tell(loss) or self.is_of_keys(loss) for loss in losses) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        changes = self.look(trial, Changes)
        if changes:
            words = Words(self.root, trial.log, trial.is_ready())
        return list(dict.fromkeys([*wrong, *losses, *changes])), words

    def look(self, trial, kind):
        return kind(trial, self.ledger, self.storage_first).losses

    def is_of_keys(self, loss):
        return loss.is_of_url and "signing-keys" in self.names

    def judgement(self, losses, words, later):
        others = [loss for loss in losses if not self.is_of_keys(loss)]
        wrong = [loss for loss in losses if loss.are_wrong_bytes]
        silent = [loss for loss in others if not words.tell(loss)]
        erased = self.remains.erased()
        details = [*map(str, wrong or silent or others), *words.lines()]
        if wrong:
            return Verdict("wrong bytes", details)
        if silent:
            return Verdict("silence", details)
        if erased:
            return Verdict("erased", [*erased, *details])
        if others and not all(later.tell(loss) for loss in others):
            return Verdict("silence after the stop", [*details, *later.lines()])
        is_set_aside = all(later.is_set_aside(loss) for loss in others)
        outcome = (SET_ASIDE if is_set_aside else "said") if others else REKEYED if losses else "intact"
        return Verdict(outcome, [*details, *later.lines()])

    # A refusal to start.

    def refusal(self, trial):
        message = trial.log.strip()
        if trial.code <= 0:
            return Verdict("hung" if trial.code == -9 else "crashed", [f"exit code {trial.code}", message])
        words = "|".join([*map(re.escape, self.names), "database", "damaged"])
        if not re.search(words, message):
            return Verdict("refused without a reason", [message])
        code, findings, summary = run(self.root, "check", "--data")
        # A check has nothing to do with signing keys.
        if code == 0 and "signing-keys" not in self.names:
            return Verdict("silence of the check", [message, findings, summary])
        if self.put_back is None:
            return Verdict("refused", [message])
        return self.after_putting_back(message)

    def after_putting_back(self, message):
        """A refusal has changed nothing: with the right file everything is there."""
        self.put_back()
        with Trial(self.root) as trial:
            losses = [*self.look(trial, Look), *self.look(trial, Changes)] if trial.is_up else ["no start"]
        erased = [f"{uuid}: erased" for uuid in self.remains.erased()]
        if losses or erased or trial.code != 0:
            return Verdict("lost by a refusal", [message, *map(str, losses), *erased, trial.log[-1_000:]])
        return Verdict("refused", [message])
