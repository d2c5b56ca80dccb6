"""What damage left of bodies: nothing that a server does afterwards may erase it."""

import os

# So much of a body is one, changed or cut.
LEAST = 64


class Remains:
    """Bodies that should last, as they lie on the disk before a server comes to them."""

    def __init__(self, root, ledger):
        self.root = root
        files = contents(root)
        self.pieces = {}
        for file in ledger.of("ready"):
            path, offset = file.place
            piece = files.get(path, b"")[offset : offset + len(file.data)].rstrip(b"\0")
            if is_left_of(piece, file.data):
                self.pieces[file.uuid] = piece
            elif any(file.data in content for content in files.values()):
                self.pieces[file.uuid] = file.data

    def erased(self):
        """The files of which something was there, and is nowhere any more."""
        files = contents(self.root)
        return [uuid for uuid, piece in self.pieces.items() if not any(piece in content for content in files.values())]


def is_left_of(piece, data):
    """Whether bytes are a body, all of it or cut, with at most half of them changed."""
    if piece == data[: len(piece)]:
        return len(piece) >= min(LEAST, len(data))
    same = sum(one == other for one, other in zip(piece, data))
    return len(piece) >= LEAST and same * 2 > len(piece)


def contents(root):
    """What there is in each file of `blobs`, but for the zeros at its end, of which packs have many."""
    found = {}
    for directory, _, names in os.walk(root / "blobs"):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, root)] = file.read().rstrip(b"\0")
    return found
