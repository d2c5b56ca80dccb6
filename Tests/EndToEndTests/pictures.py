"""A photo as the ModelRoute pages have it, and what a picture shows."""

import subprocess

import pytest
from png import chunk, image

PHOTO_SIZE = 2_048_576  # as the pages have it


@pytest.fixture(scope="module")
def photo():
    """A PNG of just the size that the pages declare, filled up with a chunk that every reader skips."""
    data = image(900, 700)
    data = data[:-12] + chunk(b"paDd", bytes(PHOTO_SIZE - len(data) - 12)) + data[-12:]
    assert len(data) == PHOTO_SIZE
    return data


def picture(data, directory):
    """Format, width, height, and ImageMagick's digest of the pixels; a file that is no picture fails."""
    path = directory / "looked-at"
    path.write_bytes(data)
    result = subprocess.run(["identify", "-format", "%m %w %h %#", path], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    kind, width, height, digest = result.stdout.split()
    return kind, int(width), int(height), digest
