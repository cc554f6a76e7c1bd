"""Kinds of columns: the gate refuses what it cannot judge, and says what to do."""

import numpy as np
import pandas as pd
import pytest

from equity.errors import DisclosureError
from equity.publish.protect import protect
from equity.race import standards


def staff(**more) -> pd.DataFrame:
    """Groups with their staff, one of them few."""
    numbers = {"events": [400, 310, 40, 4], "population": [900, 800, 70, 60]}
    return pd.DataFrame({"group": [*"wbla"]} | numbers | more)


@pytest.mark.parametrize("kind", ["int64", "Int64", "float64", "object"])
def test_counts_of_another_name_are_refused(kind):
    suspended = pd.Series([40, 31, 22, 4], dtype=kind)
    with pytest.raises(DisclosureError, match=r"'suspended'.*'students'.*public"):
        protect(staff(suspended=suspended))
    assert protect(staff(suspended=suspended), public=["suspended"])


def test_numbers_of_a_measure_pass():
    table = staff(
        estimate=[44.0, 38.0, 57.0, 6.0],
        conf_low=[40.0, 30.0, 50.0, 1.0],
        people_to_parity=[0, 12, 3, 5],
        benchmark=[50, 20, 20, 10],
        events_high=[400, 310, 40, 4],
        year=2024,
        mean_pay=[50.5, 60.0, 70.0, 80.0],
        mean_days=[3.0, 4.0, 5.0, 6.0],
        urgent=[True, False, True, True],
    )
    hidden = protect(table).frame.set_index("group").loc["a"]
    assert hidden[["estimate", "people_to_parity", "mean_pay"]].isna().all()


@pytest.mark.parametrize(
    "categories",
    [
        pd.cut([400, 310, 40, 4], [0, 9, 99, 999]),
        pd.Categorical([400, 310, 40, 4]),
        pd.Categorical([False, False, False, True]),
    ],
    ids=["bands", "numbers", "truth values"],
)
def test_categories_that_are_numbers_are_refused(categories):
    with pytest.raises(DisclosureError, match=r"'size'.*text"):
        protect(staff(size=categories))


def test_categories_that_are_lines_or_years_pass():
    assert protect(staff(year=pd.Categorical([2024] * 4)))
    assert protect(staff(ward=pd.Categorical([1, 1, 2, 2])), lines="ward")
    assert protect(staff(size=pd.Categorical(["big", "big", "big", "small"])))


@pytest.mark.parametrize("name", ["top_pay", "highest", "lowest_pay", "peak"])
def test_more_names_of_extremes_are_refused(name):
    with pytest.raises(DisclosureError, match=f"'{name}'.*single persons"):
        protect(staff(**{name: [1.5, 2.5, 3.5, 4.5]}), public=[name])
    assert protect(staff(highest_degree=["BA", "MA", "BA", "MA"]))


@pytest.mark.parametrize("name", ["p90", "p90_pay", "median_pay", "decile", "q1"])
def test_quantiles_must_be_declared(name):
    table = staff(**{name: [50123.4, 99321.1, 42000.0, 40000.0]})
    with pytest.raises(DisclosureError, match=f"'{name}'.*'quantiles'"):
        protect(table)
    assert protect(table, quantiles={name: 0.5})
    assert protect(table, public=[name])


def test_a_measure_called_median_passes():
    assert protect(staff(measure="median days to close", estimate=[3.0, 4.0, 5.0, 6.0]))


def test_rows_are_not_picked_by_why_they_are_hidden():
    protected = protect(staff())
    for name, value in {"suppressed": "primary", "events": 400}.items():
        with pytest.raises(DisclosureError, match=name):
            protected.only(**{name: value})
    assert len(protected.only(group=["w", "a"]).frame) == 2


def differences(**more) -> pd.DataFrame:
    """Rates less that of a reference whose own row is left out."""
    groups = list(standards.ORDER[:3])
    table = {"group": groups, "statistic": "difference", "events": [40, 60, 30]}
    return pd.DataFrame(table | {"estimate": [0.1, 0.2, 0.3]} | more)


def test_differences_need_the_row_of_their_reference():
    alone = differences(reference=standards.WHITE)
    with pytest.raises(DisclosureError, match=r"reference group.*only\(\)"):
        protect(alone)
    own = alone.head(1).assign(group=standards.WHITE, estimate=0.0)
    assert protect(pd.concat([alone, own]))
    assert protect(differences(reference="residents"))
    known = pd.CategoricalDtype([*alone["group"], "x"])
    with pytest.raises(DisclosureError, match="reference group"):
        protect(differences(reference="x").astype({"group": known}))


def test_full_time_equivalents_are_registered_within_whole_numbers():
    """Ninety-seven and a half of a hundred and a half leave three."""
    table = pd.DataFrame({"group": [*"wbl"], "events": [97.5, 60.0, 40.0]})
    cells = protect(table, topic="fte").counts[0]["cells"]
    assert cells == [[["w"], 97, 98], [["b"], 60, 60], [["l"], 40, 40]]
    modelled = table.assign(events=np.array([97.31, 60.22, 40.0]))
    (cells,) = [bundle["cells"] for bundle in protect(modelled, topic="asks").counts]
    assert cells == [[["l"], 40, 40]]
