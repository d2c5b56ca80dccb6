"""The listings of docs/maintenance.md and docs/backup.md, run on data directories of their own."""

import re

import requests
from cloakroom import Server, command
from damage import LARGE, Copy
from listing_commands import check_command, commands_of
from listings import assert_lines, listing, listings, same, shell, takes
from test_check import orphan, original, usage


@takes("docs/maintenance.md", "cloakroom check ")
def test_checks_are_made_as_listed(listing, original, tmp_path, shell):
    data_dir = Copy(original, tmp_path).data_dir
    shell.environment["CLOAKROOM_DATA_DIR"] = str(data_dir)
    shell.run(listing.text)
    for words in commands_of(listing):
        check_command(words)


@takes("docs/maintenance.md", "damaged file_")
def test_findings_are_told_as_listed(listing, original, tmp_path):
    store = Copy(original, tmp_path)
    for harm in (lambda store: store.large.flip(LARGE - 1), orphan, usage):
        harm(store)
    result = command("check", "--data", "--repair", data_dir=store.data_dir, check=False)
    lines = [line for line in result.stdout.splitlines() if not line.startswith("quarantined ")]
    assert_lines(listing, "\n".join(lines), numbers=True)


@takes("docs/maintenance.md", "sqlite3 -readonly")
def test_sqlite3_reads_and_changes_rows_as_listed(listing, original, tmp_path, shell):
    store = Copy(original, tmp_path)
    count, change = "SELECT count(*) FROM files", "UPDATE organizations SET max_files = 77"
    path = store.data_dir / "catalog.sqlite"
    output = shell.run(listing.substituted({"catalog.sqlite": path, "SELECT …": count, "UPDATE …": change})).stdout
    assert output.splitlines()[0] == store.sqlite(count)[0][0]
    assert path.with_name("catalog.sqlite-wal").stat().st_size > 0
    with Server(data_dir=store.data_dir) as server:
        assert requests.get(server.operations + "/readyz", timeout=10).status_code == 200
    assert command("check", data_dir=store.data_dir).stdout == ""
    assert "77" in command("organizations", "list", data_dir=store.data_dir).stdout


@takes(
    "docs/backup.md", "cloakroom backup", "/srv/backups/2", "cloakroom: files:",
    "cloakroom restore /srv/backups --data-dir /var",
)  # fmt: skip
def test_a_backup_is_made_and_restored_as_listed(listings, original, tmp_path, shell):
    backup, path, told, restore = listings
    data_dir = Copy(original, tmp_path).data_dir
    places = {"/srv/backups": tmp_path / "backups", "/var/lib/cloakroom": data_dir}
    shell.run(backup.substituted(places))
    # The second one shares bytes with the first.
    result = shell.run(backup.substituted(places))
    assert same(path.substituted({"/srv/backups": tmp_path / "backups"}), result.stdout)
    assert_lines(told, result.stderr, numbers=True)
    restored = tmp_path / "restored"
    shell.run(restore.substituted({"/srv/backups": tmp_path / "backups", "/var/lib/cloakroom-new": restored}))
    assert command("check", "--data", data_dir=restored).stdout == ""


@takes("docs/backup.md", "# /etc/cron.d/cloakroom")
def test_the_nightly_commands_work(listing, original, tmp_path, shell):
    data_dir = Copy(original, tmp_path).data_dir
    backups = tmp_path / "backups"
    text = listing.substituted({"/srv/backups": backups, "/var/lib/cloakroom": data_dir})
    jobs = [re.fullmatch(r"((?:[\d*]+ ){5}) *(\w+) +(.*)", line) for line in text.splitlines()[1:]]
    assert all(jobs) and {job[2] for job in jobs} == {"cloakroom"}
    each_night, each_month, prune = (job[3] for job in jobs)
    for line in (each_night, each_month):
        assert "no backup" not in shell.run(line).stdout
    for day in range(1, 33):
        (backups / f"202001{day:02}T000000Z").mkdir()
    shell.run(prune)
    left = sorted(path.name for path in backups.iterdir() if path.name.startswith("2"))
    assert len(left) == 30 and "20200105T000000Z" in left and "20200104T000000Z" not in left


@takes("docs/backup.md", "cloakroom restore /srv/backups --data-dir /tmp/drill")
def test_the_drill_works(listing, original, tmp_path, shell):
    backups = tmp_path / "backups"
    command("backup", str(backups), data_dir=Copy(original, tmp_path).data_dir)
    text = listing.substituted({"/srv/backups": backups, "/tmp/drill": tmp_path / "drill"})
    with shell.serving(text, count=4) as lines:
        names = [line.split()[0] for line in lines.splitlines()]
        assert names == [str(tmp_path / "drill"), "api", "storage", "operations"]
