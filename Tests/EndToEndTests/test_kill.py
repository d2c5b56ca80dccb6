"""kill -9 under load: what was acknowledged stays, what was deleted stays away, and nothing is there in part."""

import os

from damage import sqlite
from killing import Rig, chosen_seed
from killing_ledger import PACKED

ROUNDS = int(os.environ.get("CLOAKROOM_KILL_ROUNDS", "10"))


def test_nothing_acknowledged_is_lost(capsys):
    with Rig(chosen_seed()) as rig:
        rig.run(ROUNDS)
    with capsys.disabled():
        print(f"\n{rig.summary()}")
    assert rig.ledger.violations == [], rig.violations()
    totals = rig.ledger.totals
    assert totals["rounds"] == ROUNDS
    assert totals["uploads"] >= 20 * ROUNDS
    assert totals["deletions"] >= ROUNDS
    assert totals["under way"] >= ROUNDS


def change(rig, statement, file):
    key = file.id.removeprefix("file_").replace("-", "")
    sqlite(rig.directory / "data", f"{statement} WHERE id = x'{key}'")


def blob(rig, file):
    return rig.directory / "data/blobs" / file.id[-2:] / file.id.removeprefix("file_")


def test_the_check_sees_what_is_lost():
    with Rig(chosen_seed()) as rig:
        rig.load(seconds=2)
        assert rig.ledger.violations == [], rig.violations()
        quiet = [file for file in rig.ledger.files.values() if file.is_ready and not file.deletion_begun]
        quiet = [file for file in quiet if not file.under_way]
        shortened, changed, forgotten = [file for file in quiet if file.size > PACKED][:3]
        missing, renamed, returned, mistaken = [file for file in quiet if file.size <= PACKED][:4]
        with open(blob(rig, shortened), "r+b") as bytes_on_disk:
            bytes_on_disk.truncate(shortened.size - 1)
        with open(blob(rig, changed), "r+b") as bytes_on_disk:
            bytes_on_disk.seek(changed.size // 2)
            byte = bytes_on_disk.read(1)[0]
            bytes_on_disk.seek(changed.size // 2)
            bytes_on_disk.write(bytes([byte ^ 1]))
        change(rig, "DELETE FROM files", forgotten)
        change(rig, "DELETE FROM files", missing)
        change(rig, "UPDATE files SET filename = 'nobody'", renamed)
        # As if the deletion had been acknowledged; and as if other bytes had been.
        returned.deletion_begun = returned.is_deleted = True
        mistaken.sha256 = "0" * 64
        rig.start()
        rig.check(everything=True)
        wronged = {shortened, changed, forgotten, missing, renamed, returned, mistaken}
        blamed = {name for name, _ in rig.ledger.violations}
        assert blamed == {file.name for file in wronged} | {""}, rig.violations()
        assert [text for name, text in rig.ledger.violations if name == ""][0].startswith("nobody sent this")
        rig.ledger.violations.clear()
