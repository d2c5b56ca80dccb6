"""Damage to any part of a store, after a kill and after a stop: nothing is lost or wrong in silence.

A sample runs here; `scripts/nightly` judges every cell. CLOAKROOM_MATRIX_SEED repeats a run.
"""

import copy
import os
import shutil

import pytest
from damage import key, sqlite
from damage_judge import SET_ASIDE, Judge
from damage_kinds import flip
from damage_matrix import Matrix, chosen_seed
from damage_store import build
from damage_store import copy as copy_store

CELLS = int(os.environ.get("CLOAKROOM_MATRIX_CELLS", "40"))
# What was lost without a word before there was anything that noticed it.
KNOWN = [
    "kill/catalog.sqlite-wal/flipped/50", "kill/catalog.sqlite-wal/truncated/50", "kill/catalog.sqlite/missing/0",
    "kill/all of the catalogue/missing/0", "kill/all of the catalogue/older, same run/0",
    "stop/all of the catalogue/older, same run/0", "kill/all of the catalogue/of another store/0",
    "stop/last own file/flipped/50", "stop/last pack/flipped/50", "stop/first own file and last own file/swapped/0",
]  # fmt: skip


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    directory, seed = tmp_path_factory.mktemp("damage"), chosen_seed()
    matrix = Matrix(directory, seed, build(directory, seed))
    yield matrix
    if not matrix.failures():
        shutil.rmtree(directory)


def judged(matrix, cells):
    for cell in cells:
        matrix.judge(cell)
    failed = [str(cell) for cell in matrix.failures() if cell in cells]
    assert failed == [], matrix.report()


@pytest.mark.parametrize("name", KNOWN)
def test_what_was_lost_in_silence_once_is_not(matrix, name):
    [cell] = [cell for cell in matrix.cells() if str(cell) == name]
    judged(matrix, [cell])
    assert cell in matrix.verdicts


def test_no_cell_of_a_sample_ends_in_silence(matrix, capsys):
    judged(matrix, matrix.sample(CELLS))
    with capsys.disabled():
        print(f"\n{matrix.summary()}")


@pytest.mark.parametrize("moment", ["kill", "stop"])
def test_no_damage_is_no_alarm(matrix, moment):
    [cell] = [cell for cell in matrix.cells() if str(cell) == f"{moment}/nothing/done/0"]
    verdict = matrix.judge(cell)
    assert verdict.outcome == "intact", verdict
    assert not [line for line in verdict.details if " error " in line or " warning " in line], verdict


# That the judge sees what nobody says.


class Planted:
    """A copy of a store, and a ledger, which a test may bring apart."""

    def __init__(self, matrix, path):
        self.moment = matrix.moments["stop"]
        self.root = path / "store"
        copy_store(self.moment.store, self.root)
        self.ledger = copy.deepcopy(self.moment.ledger)
        ready = self.ledger.of("ready")
        self.own = next(file for file in ready if file.place[1] == 0 and not file.are_urls_revoked)
        self.packed = next(file for file in ready if file.place[1] > 0 and not file.are_urls_revoked)
        self.pending = self.ledger.of("pending")[0]

    def path(self, file):
        return self.root / file.place[0]

    def judge(self, **options):
        return Judge(self.root, self.ledger, **options).verdict()


@pytest.fixture
def planted(matrix, tmp_path):
    return Planted(matrix, tmp_path)


def forget(planted, file):
    sqlite(planted.root, f"DELETE FROM files WHERE id = {key(file.id)}")


def forget_with_body(planted):
    forget(planted, planted.own)
    planted.path(planted.own).unlink()


def bring_back(planted):
    planted.own.state = "deleted"


def change(field, value):
    return lambda planted: planted.packed.record.update({field: value})


SILENCES = {
    "a row that is gone": lambda planted: forget(planted, planted.pending),
    "a row and a body that are gone": forget_with_body,
    "a deleted file that is there": bring_back,
    "another name": change("filename", "other.png"),
    "another type": change("content_type", "image/gif"),
    "another digest": change("sha256", "0" * 64),
    "a pending file that is ready": lambda planted: setattr(planted.packed, "state", "pending"),
    "a URL that was revoked": lambda planted: setattr(planted.packed, "are_urls_revoked", True),
    "an API key that was revoked": lambda planted: planted.ledger.revoked_keys.append(planted.ledger.key),
    "another quota": lambda planted: planted.ledger.organizations.append("other\t0\t0\t-\t-\t-\t-"),
    "another file for an Idempotency-Key": lambda planted: planted.ledger.repetitions.update(
        {"new": ({"filename": "a.png", "content_type": "image/png", "size_bytes": 1}, planted.packed.id)}
    ),
}


@pytest.mark.parametrize("name", SILENCES)
def test_the_judge_hears_silence(planted, monkeypatch, name):
    monkeypatch.setattr("damage_judge.PATIENCE", 0.5)
    SILENCES[name](planted)
    verdict = planted.judge()
    assert verdict.outcome == "silence", verdict


def test_the_judge_sees_wrong_bytes(planted, monkeypatch):
    monkeypatch.setattr("damage_judge.PATIENCE", 0.5)
    planted.packed.data = bytes([planted.packed.data[0] ^ 1]) + planted.packed.data[1:]
    assert planted.judge().outcome == "wrong bytes"


def test_the_judge_sees_what_is_erased(planted):
    verdict = planted.judge(during=planted.path(planted.own).unlink)
    assert verdict.outcome == "erased" and planted.own.uuid in verdict.details, verdict


def test_the_judge_sees_what_a_refusal_has_lost(planted):
    """The catalogue that is put back is not the right one, as if the refusal had changed it."""
    names = ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"]
    for name in names:
        (planted.root / name).unlink(missing_ok=True)

    def put_back():
        (planted.root / "blobs/identity").unlink()
        copy_store(planted.moment.earlier_run / "catalog.sqlite", planted.root)

    verdict = planted.judge(names=names, put_back=put_back)
    assert verdict.outcome == "lost by a refusal", verdict


def test_the_judge_takes_what_is_said(planted):
    planted.path(planted.own).unlink()
    assert planted.judge().outcome == "said"


def test_the_judge_takes_what_is_set_aside(planted):
    flip(planted.path(planted.own), 1_000, 0)
    assert planted.judge().outcome in (SET_ASIDE, "said")
