"""The sizes of the files, and how many of each."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Size:
    """A size of files."""

    label: str
    size: int
    files: int
    put_connections: int

    @property
    def is_big(self):
        """Whether bytes say more than requests."""
        return self.size >= 10_000_000

    @property
    def unit(self):
        """The unit in which its transfers are compared."""
        return "MB/s" if self.is_big else "requests/s"


ALL = [
    Size("1KiB", 1024, 1000, 16),
    Size("4KiB", 4096, 1000, 16),
    Size("64KiB", 65536, 1000, 16),
    Size("1MiB", 1048576, 1000, 16),
    Size("100MB", 100_000_000, 4, 4),
]
BY_LABEL = {size.label: size for size in ALL}
