"""The load that a server is killed under."""

import math
import threading

from killing_client import Broken, Client


class Load:
    """What the clients of a round send, until the server is killed.

    They share the files, so requests about the same file meet.
    """

    # Weight, what is done, and with which files; the rest of 100 is new files.
    MIX = [
        (12, Client.read, lambda file: file.is_ready),
        (4, Client.peek, lambda file: not file.is_ready),
        (2, Client.put, lambda file: file.upload_url and not file.is_ready),
        (5, Client.put, lambda file: file.upload_url and file.is_ready),
        (3, Client.put_other, lambda file: file.upload_url and file.is_ready),
        (4, Client.again, lambda file: file.key),
        (9, Client.delete, lambda file: True),
    ]

    def __init__(self, ledger):
        self.ledger = ledger
        self.files = [file for file in ledger.files.values() if file.id and not file.deletion_begun]
        self.lock = threading.Lock()
        self.killed_at = math.inf

    def run(self, client):
        weights = [weight for weight, _, _ in self.MIX]
        try:
            while self.killed_at == math.inf:
                [chosen] = client.random.choices([*self.MIX, None], [*weights, 100 - sum(weights)])
                _, act, wanted = chosen or (0, None, None)
                file = self.choose(client.random, wanted, for_good=act is Client.delete) if act else None
                if file:
                    act(client, file)
                else:
                    self.add(client, self.ledger.new(client.random))
        except Broken as broken:
            if self.killed_at == math.inf:
                self.ledger.violation(None, f"a connection broke while the server was running: {broken}")
            elif client.sent_at < self.killed_at:
                self.ledger.count("under way")
        finally:
            client.close()

    def add(self, client, file):
        """Sends a new file; a few are declared and left pending."""
        if file.is_direct:
            client.direct(file)
            self.share(file)
        else:
            client.declare(file)
            self.share(file)
            if file.id and client.random.random() > 0.06:
                client.put(file)

    def share(self, file):
        with self.lock:
            if file.id:
                self.files.append(file)

    def choose(self, rng, wanted, for_good):
        """A file, mostly a late one; whoever is to delete it is the only one to do so."""
        with self.lock:
            for _ in range(20 if self.files else 0):
                age = int(rng.expovariate(1 / 200)) if rng.random() < 0.8 else rng.randrange(len(self.files))
                index = len(self.files) - 1 - age % len(self.files)
                if wanted(self.files[index]):
                    return self.files.pop(index) if for_good else self.files[index]
        return None
