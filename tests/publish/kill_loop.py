"""Kill a process that publishes, many times; see what readers find after each.

Run as `python tests/publish/kill_loop.py FOLDER KILLS`: one process forks others,
which publish one of two releases over the other without an end, and kills each after a
random time. Nothing is imported anew, so a kill costs hundredths of a second.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

from equity.publish.release import verify
from tests.small_release import books, publish_in, snapshot

COUNTS = [
    {
        "topic": "staff",
        "dimensions": ["group"],
        "cells": [[["White"], 120, 120], [["Black"], 64, 64], [["Asian"], 1, None]],
    }
]
RELEASES = [books(counts=COUNTS), books(label="Black", counts=COUNTS)]


def publish_without_end(out: Path, first: int) -> None:
    """Publish one release over the other until killed."""
    for number in count(first):
        publish_in(out, RELEASES[number % 2])


def main(folder: Path, kills: int) -> None:
    """Kill as often as asked; print how often which release was found."""
    out, chance = folder / "out", random.Random()
    whole = [snapshot(publish_in(folder / str(n), RELEASES[n])) for n in (0, 1)]
    fronts = [snapshot(folder / str(n) / "sample")["index.html"] for n in (0, 1)]
    started = time.monotonic()
    place = publish_in(out, RELEASES[0])
    publish_in(out, RELEASES[0])
    once = (time.monotonic() - started) / 2
    found: Counter[int] = Counter()
    for number in range(kills):
        child = os.fork()
        if child == 0:
            try:
                publish_without_end(out, number)
            finally:
                os._exit(1)
        time.sleep(chance.uniform(0, 3 * once))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "it ended by itself"
        assert verify(place) == [], number
        found[whole.index(snapshot(place))] += 1
        beside = {path.name for path in place.parent.iterdir()}
        assert beside == {"2026Q1", "index.html"}, beside
        assert (place.parent / "index.html").read_bytes() in fronts
    publish_in(out, RELEASES[1])
    assert snapshot(place) == whole[1]
    room = {path.name for path in (out / ".equity" / "sample").iterdir()}
    assert room == {"lock", "released"}, room
    sys.stdout.write(f"{kills} kills: {found[0]} times one, {found[1]} the other\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
