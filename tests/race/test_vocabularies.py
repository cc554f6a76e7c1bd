"""Shipped crosswalks hold every label of the real files they are named after."""

import gzip
import json
import re
import zipfile

import pandas as pd
import pytest

from equity import race
from equity.errors import ParamsError

OMB, API = race.standard("omb1997"), race.standard("omb1997_api")


@pytest.mark.parametrize("name", race.VOCABULARIES)
def test_a_vocabulary_fits_the_standards_it_is_meant_for(name):
    found = race.VOCABULARIES[name]
    assert found.name == name
    assert found.title
    assert found.source
    assert set(found.standards) <= set(race.STANDARDS)
    assert set(found.doubtful) <= set(found.labels)
    assert set(found.labels.values()) <= {*race.ORDER, *race.UNKNOWN}
    for standard in map(race.standard, found.standards):
        labels = race.vocabulary(name, standard)
        race.check_crosswalk(labels, standard=standard, where=name)
        if not found.general:
            assert set(labels) == set(found.labels)


@pytest.mark.parametrize("name", race.VOCABULARIES)
def test_another_standard_is_refused_by_label(name):
    found = race.VOCABULARIES[name]
    for standard in race.STANDARDS.values():
        if standard.name in found.standards or found.general:
            continue
        lost = [
            label
            for label, group in found.labels.items()
            if race.within(group, standard) is None
        ]
        if not lost:
            continue  # the standard could hold it
        with pytest.raises(ParamsError) as error:
            race.vocabulary(name, standard)
        assert repr(lost[0]) in str(error.value)
        assert str(list(found.standards)) in str(error.value)


def test_edfacts_has_asian_and_pacific_islander_as_one():
    assert race.vocabulary("edfacts", API)["MAS"] == race.ASIAN_OR_PACIFIC
    with pytest.raises(ParamsError, match=r"omb1997 has no group for 'MAS' \(Asian or"):
        race.vocabulary("edfacts", OMB)
    declared = race.Rules(vocabulary="edfacts", races={"MAS": race.ASIAN})
    assert declared.crosswalk(OMB)["MAS"] == race.ASIAN  # a person has said so


def test_a_general_vocabulary_leaves_out_what_a_standard_cannot_hold():
    eeo4 = race.vocabulary("city_hr", race.standard("eeo4"))
    assert "Other" not in eeo4
    assert "Asian/Pacific Islander" not in eeo4
    assert race.vocabulary("city_hr", API)["Asian/Pacific Islander"] == (
        race.ASIAN_OR_PACIFIC
    )
    assert race.vocabulary("city_hr", OMB)["MENA"] == race.WHITE
    assert race.vocabulary("city_hr", race.standard("spd15_2024"))["MENA"] == race.MENA


def test_na_means_nothing_unless_it_is_declared():
    for found in race.VOCABULARIES.values():
        assert "na" not in {race.normalise(label) for label in found.labels}


def test_an_unknown_vocabulary():
    with pytest.raises(ParamsError, match="city_hr"):
        race.vocabulary("census", OMB)
    with pytest.raises(ParamsError, match="city_hr"):
        race.Rules(vocabulary="census")


def column(path, name):
    return pd.read_csv(path, dtype=str, keep_default_na=False)[name]


LABELS = [
    ("cincinnati_employees", "workforce/cincinnati_employees_2020.csv.gz", "RACE"),
    ("cincinnati_labor_force", "workforce/cincinnati_labor_force_by_race.csv", "race"),
    ("census_letters", "workforce/cincinnati_labor_force_by_race.csv", "race_code"),
    ("chicago_police", "chicago/cpd_roster_2017-04.csv.gz", "race"),
    ("chicago_police", "chicago/cpd_roster_2021-08.csv.gz", "race"),
    ("chicago_police", "chicago/cpd_roster_2023-11.csv.gz", "race"),
    ("hsb2", "education/openintro__hsb2.csv.gz", "race"),
    ("hsb82", "education/mlmRev__Hsb82.csv.gz", "minrty"),
]


@pytest.mark.parametrize(("name", "file", "where"), LABELS)
def test_every_label_of_a_real_file_is_in_its_vocabulary(shared, name, file, where):
    labels = column(shared / "data" / file, where)
    standard = race.standard(race.VOCABULARIES[name].standards[0])
    rules = race.Rules(vocabulary=name)
    found = race.read(
        pd.DataFrame({"race": labels}), rules, standard=standard, where=file
    )
    assert len(found.group) == len(labels)
    assert found.mapping["rows"].sum() == len(labels)
    assert race.RESPELLED not in found.marks


@pytest.mark.parametrize(
    "file",
    [
        "calhr-5102-statewide-2011.xlsx",
        "calhr-5102-statewide-2020.xlsx",
        "calhr-5112-flow-2020.xlsx",
    ],
)
def test_the_eighteen_identities_of_california(shared, file):
    """All texts of the workbook, which takes long to read as a table."""
    seen = set()
    with zipfile.ZipFile(shared / "data" / "workforce" / file) as book:
        for name in book.namelist():
            texts = re.findall(rb">([^<>]{3,60})<", book.read(name))
            seen |= {race.clean(text.decode()) for text in set(texts)}
    labels = race.VOCABULARIES["calhr"].labels
    assert len(labels) == 18
    assert set(labels) <= seen
    detailed = {text for text in seen if text.startswith(("Asian - ", "Pacific Isl"))}
    assert detailed <= set(labels)


def test_identities_keep_their_detail_and_roll_up_by_name():
    labels = list(race.VOCABULARIES["calhr"].labels)
    found = race.read(
        pd.DataFrame({"race": [f" {label}  " for label in labels]}),
        race.Rules(vocabulary="calhr"),
        standard=OMB,
        where="calhr",
    )
    assert found.detail.to_list() == labels
    asian = found.detail.str.startswith("Asian - ")
    assert asian.sum() == 9
    assert (found.group[asian] == race.ASIAN).all()
    assert (found.group == race.NHPI).sum() == 4
    assert found.group.cat.categories.to_list() == [
        group for group in OMB.groups if group != race.SOME_OTHER
    ]


def test_colorado(shared):
    file = shared / "data" / "education" / "colorado_math_proficiency_by_race.csv.gz"
    labels = column(file, "Race Ethnicity")
    known = race.vocabulary("colorado_schools", race.standard("nces7"))
    assert set(labels) == {*known, "All Students"}


COLUMNS = [
    ("chicago_schools", "chicago/cps_school_profile_sy1617.csv.gz"),
    ("census_2010_tracts", "chicago/tract_race_2010_cook.csv"),
    ("census_2010_tracts", "baltimore/tract_race_2010_baltimore.csv"),
    ("census_2010_tracts", "dc/tract_race_2010_dc.csv"),
    ("census_2010_tracts", "phoenix/tract_race_2010_maricopa.csv"),
    ("acs_2019_block_groups", "chicago/acs2019_bg_race_internet.csv.gz"),
    ("acs_2019_block_groups", "baltimore/acs2019_bg_race_internet.csv.gz"),
    ("acs_2019_block_groups", "dc/acs2019_bg_race_internet.csv"),
    ("acs_2019_block_groups", "phoenix/acs2019_bg_race_internet.csv.gz"),
]
TOTALS = {
    "chicago_schools": "Student_Count_Total",
    "census_2010_tracts": "total_pop_2010",
    "acs_2019_block_groups": "race_total_estimate",
}


@pytest.mark.parametrize(("name", "file"), COLUMNS)
def test_the_columns_of_a_vocabulary_add_up_to_everyone(shared, name, file):
    table = pd.read_csv(shared / "data" / file)
    columns = list(race.VOCABULARIES[name].labels)
    assert (
        table[columns].sum(axis=1).equals(table[TOTALS[name]].astype(float))
        or (table[columns].sum(axis=1).astype("int64") == table[TOTALS[name]]).all()
    )


def test_b03002_adds_up_to_everyone(shared):
    file = shared / "data" / "chicago" / "acs2020_5yr_bg_B03002.csv.gz"
    table = pd.read_csv(file, skiprows=[1], encoding="utf-8-sig")
    labels = race.VOCABULARIES["census_b03002"].labels
    columns = [label for label in labels if label in table]
    assert len(columns) == 8
    assert (table[columns].sum(axis=1) == table["B03002_001E"]).all()


@pytest.mark.parametrize("year", ["2012", "2013", "2014"])
def test_edfacts_codes(shared, year):
    file = shared / "data" / "education" / f"edfacts_{year}.csv.gz"
    columns = pd.read_csv(file, nrows=0).columns
    codes = {name.split("_")[0] for name in columns if "_COHORT_" in name}
    assert codes - {"ALL", "CWD", "ECD", "LEP"} == set(race.vocabulary("edfacts", API))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("chicago_community_areas", "chicago/community_areas_acs2014_race.geojson.gz"),
        ("phoenix_tracts", "phoenix/phoenix_tracts_acs2010.geojson.gz"),
        ("dc_tracts", "dc/acs_tract_data.json.gz"),
    ],
)
def test_columns_of_places(shared, name, file):
    with gzip.open(shared / "data" / file) as handle:
        found = json.load(handle)
    if "features" in found:
        first = found["features"][0]["properties"]
    else:
        first = next(iter(found.values()))
    assert set(race.VOCABULARIES[name].labels) <= set(first)


def test_surnames(shared):
    file = shared / "data" / "surnames" / "census_surnames_2010.parquet"
    table = pd.read_parquet(file)
    assert set(race.VOCABULARIES["census_surnames"].labels) <= set(table.columns)
