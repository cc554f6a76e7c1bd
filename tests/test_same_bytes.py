"""Same inputs, same bytes: over runs, folders, time zones, locales, hash seeds."""

import shutil

import pytest

from tests import small_project
from tests.small_project import FIRST, SECOND, public, start

LOAD = """
from equity import prepare
from equity.publish import figures, tables
from equity.publish.protect import protect
loaded = prepare.load("example", period="2025Q2", quarters=2,
                      race_standard="spd15_2024")
"""
TABLE = """
staff = loaded.workers.groupby("race", observed=True).size()
staff = staff.rename_axis("group").reset_index(name="events")
tables.show(protect(staff, topic="staff"), name="staff", caption="Staff by race",
            columns={"group": ("Race", "text"), "events": ("Staff", "count")})
"""
FIGURE = """
import pandas as pd
days = pd.DataFrame({"group": ["Asian", "White"], "events": [60, 1240],
                     "estimate": [14.0, 10.9], "conf_low": [12.1, 10.2],
                     "conf_high": [15.9, 11.6], "confidence": 0.95})
figures.dot_interval(protect(days), name="days", caption="Days to close by race",
                     unit="number", noun="days")
"""
PLACES = {
    "here": {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"},
    "elsewhere/far away": {
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
        "LANG": "tr_TR.UTF-8",  # taken where the machine has it
        "PYTHONHASHSEED": "4242",
        "PYTHONUTF8": "1",
    },
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The same project in folders of other names, run in other surroundings."""
    home = tmp_path_factory.mktemp("bytes")
    first = small_project.make(home / "here")
    small_project.write(first, FIRST, LOAD, TABLE)
    small_project.write(first, SECOND, LOAD, FIGURE)
    for place in list(PLACES)[1:]:
        shutil.copytree(first, home / place)
    runs = [
        start(home / place, "run", "params/example.yaml", **surroundings)
        for place, surroundings in PLACES.items()
    ]
    for done in runs:
        _, said = done.communicate(timeout=240)
        assert done.returncode == 0, said
    return home


@pytest.mark.slow
@pytest.mark.parametrize("place", list(PLACES)[1:])
def test_the_same_bytes_in_other_surroundings(made, place):
    one, other = public(made / "here"), public(made / place)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


@pytest.mark.slow
def test_there_is_something_to_compare(made):
    names = public(made / "here").keys()
    assert {"2025Q2/tables/staff.csv", "2025Q2/tables/example-2025Q2.xlsx"} <= names
    assert b"<svg" in public(made / "here")[f"2025Q2/{SECOND}.html"] or (
        b"data:image/svg" in public(made / "here")[f"2025Q2/{SECOND}.html"]
    )


@pytest.mark.slow
def test_the_same_bytes_again_in_the_same_folder(made):
    """What was released before is no part of what is released, if it was the same."""
    first = public(made / "here")
    done = start(
        made / "here",
        "run",
        "params/example.yaml",
        TZ="Asia/Kathmandu",
        LC_ALL="POSIX",
        PYTHONHASHSEED="7",
    )
    _, said = done.communicate(timeout=240)
    assert done.returncode == 0, said
    assert public(made / "here") == first
