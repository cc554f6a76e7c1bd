"""Areas and residents: shapes are whole, numbers are counts, vintages agree."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Polygon, box

from equity import race
from equity.errors import InputError, ParamsError
from equity.prepare import places, sources
from equity.prepare.quality import Ledger

OMB = race.standard("omb1997")
AREAS = sources.Areas(file="t.geojson", kind="tract", columns={"area": "GEOID"})
PEOPLE = sources.Population(
    file="p.csv",
    title="Residents",
    vintage="2020",
    columns={"area": "id"},
    estimates={"White": "w", "Asian": "a"},
    margins={"White": "wm", "Asian": "am"},
)
RAW = pd.DataFrame(
    {
        **{"id": ["02", "01", "99"], "w": ["1,200", "5", "7"]},
        **{"a": ["0", "3", "7"], "wm": ["90", "4", "1"], "am": ["12", "2", "1"]},
    }
)
CITY = pd.DataFrame({"area": ["01", "02"]})


def clean(raw=RAW, source=PEOPLE, standard=OMB):
    ledger = Ledger("population", source.file, len(raw))
    found = places.clean_population(raw, source, ledger, areas=CITY, standard=standard)
    return found, ledger


def shapes(*geometries, names=None):
    names = names or [f"{i:02}" for i in range(1, len(geometries) + 1)]
    return gpd.GeoDataFrame({"GEOID": names}, geometry=list(geometries), crs=4326)


def test_residents_by_area_and_race():
    found, ledger = clean()
    assert found.columns.to_list() == places.POPULATION
    assert found[["area", "race", "estimate", "moe"]].values.tolist() == [
        *(["01", "Asian", 3, 2], ["01", "White", 5, 4]),
        *(["02", "Asian", 0, 12], ["02", "White", 1200, 90]),
    ]
    assert found["race"].cat.categories.to_list() == ["Asian", "White"]
    assert ledger.entries == [("set aside", "area is not one of the city's", 1)]


def test_a_full_count_has_no_margins():
    source = PEOPLE.model_copy(update={"margins": {}})
    assert clean(source=source)[0]["moe"].isna().all()


@pytest.mark.parametrize("bad", ["", "-", "-666666666", "inf", "NaN", "1e99", "x"])
def test_what_is_not_a_count_is_refused_without_repeating_it(bad):
    raw = RAW.assign(a=["0", bad, "7"])
    with pytest.raises(InputError, match=r"p\.csv: column a: 1 .* data row 2"):
        clean(raw)


def test_an_area_without_residents_on_file_is_refused_with_the_share():
    with pytest.raises(InputError, match=r"1 of 2 areas \(50\.0%\).*'02'.*vintage"):
        clean(RAW.iloc[1:])


def test_an_area_listed_twice_is_refused():
    with pytest.raises(InputError, match="more than once"):
        clean(pd.concat([RAW, RAW.iloc[:1]], ignore_index=True))


def test_groups_must_be_of_the_standard():
    with pytest.raises(ParamsError, match="'Asian' is not a group of omb1997_api"):
        clean(standard=race.standard("omb1997_api"))
    unknown = PEOPLE.model_copy(update={"estimates": {"Unknown": "w"}, "margins": {}})
    with pytest.raises(ParamsError, match="'Unknown'"):
        clean(source=unknown)


def test_areas_are_sorted_and_keep_their_coordinate_system():
    raw = shapes(box(0, 0, 1, 1), box(1, 0, 2, 1), names=["02", "01"]).to_crs(3857)
    found = places.clean_areas(raw, AREAS, Ledger("areas", "t", 2))
    assert found["area"].to_list() == ["01", "02"]
    assert found.crs.to_epsg() == 3857


def test_a_shape_that_crosses_itself_is_mended_and_named():
    bow_tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    ledger = Ledger("areas", "t.geojson", 2)
    found = places.clean_areas(shapes(bow_tie, box(3, 3, 4, 4)), AREAS, ledger)
    assert found.geometry.is_valid.all()
    plane = found.set_crs(3857, allow_override=True)
    assert plane.area.to_list() == pytest.approx([0.5, 1.0])
    assert ledger.entries == [("noted", "shape crosses itself; mended (01)", 1)]


@pytest.mark.parametrize("nothing", [None, Polygon()])
def test_an_area_without_a_shape_is_refused(nothing):
    with pytest.raises(InputError, match=r"t\.geojson: 1 .*no shape, first '02'"):
        places.clean_areas(
            shapes(box(0, 0, 1, 1), nothing), AREAS, Ledger("areas", "t", 2)
        )


def test_bad_boundaries_behave_as_their_case_says(shared):
    bad = shared / "bad_inputs"
    source = AREAS.model_copy(update={"file": "tracts.geojson"})

    def areas(case):
        raw = sources.read_places(source, folder=bad / case)
        ledger = Ledger("areas", source.file, len(raw))
        return places.clean_areas(raw, source, ledger), ledger

    good, _ = areas("good")
    mended, ledger = areas("geo-05")
    assert len(good) == len(mended) == 8
    assert "17031000100" in ledger.entries[0][1]
    with pytest.raises(InputError, match=r"no shape, first '\d+'"):
        areas("geo-09")

    people = sources.Population(
        file="denominators.csv",
        columns={"area": "geoid"},
        estimates={"White": "population"},
    )
    raw = sources.read_table(people, folder=bad / "geo-07")
    ledger = Ledger("population", people.file, len(raw))
    with pytest.raises(InputError, match=r"3 of 8 areas \(37\.5%\)"):
        places.clean_population(raw, people, ledger, areas=good, standard=OMB)


def test_numbers_are_numbers():
    assert np.issubdtype(clean()[0]["estimate"].dtype, np.number)
