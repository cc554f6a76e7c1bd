"""Published totals of schools, and numbers worked out with plain pandas, recomputed.

What `equity.prepare` and `equity.measure` make of real files is compared with what
their publishers say of the whole, and with plain arithmetic on the raw files. The
files are not part of this project; where they are absent, these tests skip.
"""

import re

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import sparse
from scipy.special import gamma
from scipy.stats import norm
from statsmodels.api import OLS
from statsmodels.stats.proportion import confint_proportions_2indep

from equity import prepare, race
from equity.measure import growth, outcomes, proficiency, school_gaps, standardized

CODES = {
    **{"MAM": race.AIAN, "MAS": race.ASIAN_OR_PACIFIC, "MBL": race.BLACK},
    **{"MHI": race.HISPANIC, "MTR": race.TWO_OR_MORE, "MWH": race.WHITE},
}
YEARS = {"2011-12": ("2012", "1112"), "2012-13": ("2013", "1213")} | {
    "2013-14": ("2014", "1314")
}
NOT_RECORDED = "Not recorded"
ALL = NOT_RECORDED  # all students of a school, read as if they were a group
CHICAGO = "1709930"
# Schools whose groups contradict their own total as published, whatever is rounded:
# Holden High (LA) and Tishomingo County High (MS) by one graduate; of 34 students of
# Iowa Central/Buena Vista Early College (IA) at least nine tenths graduated, and at
# most one fifth of its 18 Hispanic students.
CONTRADICT = {"220102000765", "192739000847", "280426001227"}


def described(root, city):
    path = root / "data" / "raw" / city / "sources.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def loaded(folder, shared, city, entries, standard):
    """Load part of a city's files in a project of its own."""
    if not (shared / "data" / "education").is_dir():
        pytest.skip("the real files of schools are absent")
    raw = folder / "data" / "raw" / city
    raw.mkdir(parents=True)
    (folder / "params").mkdir()
    (folder / "notebooks").mkdir()
    text = yaml.safe_dump({"confirmed": True} | entries, sort_keys=False)
    (raw / "sources.yaml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("EQUITY_RAW", str(shared / "data"))
        wanted = {"period": "2014Q4", "quarters": 4, "race_standard": standard}
        return prepare.load(city, **wanted)


@pytest.fixture(scope="module")
def national(root, shared, tmp_path_factory):
    """Bounds of every school of three years, and all its students as one more group."""
    entries = described(root, "chicago")["graduation"]
    for entry in entries:
        del entry["keep"]
        entry["groups"] = {"ALL": ALL} | entry["groups"]
    folder = tmp_path_factory.mktemp("national")
    found = {"graduation": entries}
    return loaded(folder, shared, "nation", found, "omb1997_api").outcomes


@pytest.fixture(scope="module")
def raw(shared):
    """The published files, as text."""
    folder = shared / "data" / "education"
    if not folder.is_dir():
        pytest.skip("the real files of schools are absent")
    return {
        year: pd.read_csv(
            folder / f"edfacts_{file}.csv.gz", dtype=str, keep_default_na=False
        ).rename(columns=lambda name, code=code: name.removesuffix(f"_{code}"))
        for year, (file, code) in YEARS.items()
    }


def plain(rate, cohort):
    """Read one masked rate with a regular expression: fewest and most graduates.

    A rate of 80 was 79.45 to 80.5 percent; nothing here is the package's.
    """
    if rate in ("PS", "", "."):
        return 0, cohort
    sign, first, last = re.fullmatch(r"(GE|LE|LT)?(\d+)(?:-(\d+))?", rate).groups()
    low, high = float(first), float(last or first)
    low, high = {
        "GE": (low, 100),
        "LE": (0, high),
        "LT": (0, high - 1),
        None: (low, high),
    }[sign]
    least = max(low - 0.55, 0) if sign not in ("LE", "LT") else 0
    most = min(high + 0.5, 100)
    fewest = int(np.ceil(least * cohort / 100 - 1e-7))
    return fewest, int(np.floor(most * cohort / 100 + 1e-7))


def plainly(frame, code):
    """Cohort, fewest and most graduates of a group, where it has a cohort."""
    there = ~frame[f"{code}_COHORT"].isin(["", "."])
    cohort = frame.loc[there, f"{code}_COHORT"].astype(int)
    ends = [
        plain(*pair)
        for pair in zip(frame.loc[there, f"{code}_RATE"], cohort, strict=True)
    ]
    low, high = np.array(ends).T
    unit = frame.loc[there, "NCESSCH"]
    return pd.DataFrame({"n": cohort, "low": low, "high": high}).set_axis(unit)


@pytest.mark.parametrize("year", YEARS)
def test_cohorts_and_bounds_are_those_of_plain_arithmetic(national, raw, year):
    """22,000 schools, seven groups: every bound, by a reader of a dozen lines."""
    rows = national[national["year"] == year]
    for code, group in ({"ALL": ALL} | CODES).items():
        own = rows[rows["race"] == group].set_index("unit").sort_index()
        by_hand = plainly(raw[year], code).sort_index()
        assert own.index.to_list() == by_hand.index.to_list()
        for ours, theirs in (
            *(("population", "n"), ("events_low", "low"), ("events_high", "high")),
        ):
            assert own[ours].to_list() == by_hand[theirs].to_list(), (group, ours)


def compared(rows, by):
    """Bounds of all students, and of the groups' sum, for each part."""
    names = ["population", "events_low", "events_high"]
    total = rows[rows["race"] == ALL].groupby(by)[names].sum()
    groups = rows[rows["race"] != ALL].groupby(by)[names].sum()
    groups = groups.reindex(total.index, fill_value=0).astype(int)
    others = total["population"].astype(int) - groups["population"]
    apart = groups["events_low"] > total["events_high"]
    apart |= groups["events_high"] + others < total["events_low"]
    return total, others, apart


@pytest.mark.parametrize("year", YEARS)
def test_groups_add_up_to_the_schools_own_total(national, year):
    """Students of no group published are the rest; nobody is in two groups."""
    rows = national[national["year"] == year]
    total, others, apart = compared(rows, rows["unit"])
    assert (others >= 0).all()
    assert (others == 0).mean() > 0.9
    assert set(total.index[apart]) <= CONTRADICT
    assert apart.sum() == 1  # one in each year, told above


def test_most_contradictions_were_of_the_first_rounding(national, raw):
    """With rates rounded once, ten schools contradict themselves and not three."""
    once = 0
    for year, frame in raw.items():
        rows = national[national["year"] == year]
        rate = (rows["rate_low"] + 0.0005).where(rows["rate_low"] > 0, 0)
        fewest = np.ceil(rate * rows["population"].astype(int) - 1e-7)
        narrow = rows.assign(events_low=fewest.astype(int))
        *_, apart = compared(narrow, narrow["unit"])
        assert set(apart.index[apart]) <= set(frame["NCESSCH"])
        once += int(apart.sum())
    assert once == 10


@pytest.mark.parametrize("year", YEARS)
def test_groups_add_up_to_the_districts_total(national, raw, year):
    rows = national[national["year"] == year]
    district = raw[year].set_index("NCESSCH")["LEAID"]
    rows = rows[~rows["unit"].isin(CONTRADICT)]
    total, others, apart = compared(rows, rows["unit"].map(district))
    assert len(total) > 10_000
    assert (others >= 0).all()
    assert not apart.any()


# National Center for Education Statistics, Public high school 4-year adjusted cohort
# graduation rate (ACGR), by race/ethnicity, United States. 2011-12: NCES 2014-391,
# table 2 (without Idaho, Kentucky and Oklahoma). 2012-13 and 2013-14: nces.ed.gov/ccd/
# tables/ACGR_RE_and_characteristics_2012-13.asp and _2013-14.asp (without Idaho in the
# first). In the order of GROUPS, percent; the last is that of all students.
GROUPS = [group for group in CODES.values() if group != race.TWO_OR_MORE]
ACGR = {
    "2011-12": ([67, 88, 69, 73, 86], 0.5, 80),
    "2012-13": ([69.7, 88.7, 70.7, 75.2, 86.6], 0.05, 81.4),
    "2013-14": ([69.6, 89.4, 72.5, 76.3, 87.2], 0.05, 82.3),
}


@pytest.mark.parametrize("year", YEARS)
def test_national_rates_by_group_lie_within_the_bounds(national, year):
    rows = national[national["year"] == year]
    found = outcomes.by_race(rows, outcome="graduation", reference=race.WHITE)
    level = found[found["statistic"] == "level"].set_index("group")
    low, high = (100 * level.loc[GROUPS, f"rate_{end}"] for end in ("low", "high"))
    published, rounding, everyone = ACGR[year]
    assert (low - rounding <= published).all()
    assert (published <= high + rounding).all()
    # The limits of what is known well enough to be estimated hold it, too.
    known = level.loc[GROUPS, "conf_low"].notna().to_numpy()
    assert known.sum() >= 3
    limits = 100 * level.loc[GROUPS, ["conf_low", "conf_high"]][known]
    assert (limits["conf_low"] - rounding <= np.array(published)[known]).all()
    assert (np.array(published)[known] <= limits["conf_high"] + rounding).all()
    # Of all students it does not: states count students who are in no school of the
    # file, and fewer of them graduate. See the states below.
    assert everyone < 100 * level.loc[ALL, "rate_low"] < everyone + 1.2


# The same tables: percent of all students, of the states from Alabama on that we could
# look up.
STATES = {
    "2012-13": "AL 80.0 AK 71.8 AZ 75.1 AR 84.9 CA 80.4 CO 76.9 CT 85.5 DE 80.4 "
    "DC 62.3 FL 75.6 GA 71.7 HI 82.4 IL 83.2 IN 87.0 IA 89.7 KS 85.7 KY 86.1 LA 73.5 "
    "ME 86.4 MD 85.0 MA 85.0 MI 77.0 MN 79.8 MS 75.5 MO 85.7 MT 84.4 NE 88.5 NV 70.7 "
    "NH 87.3",
    "2013-14": "AL 86.3 AK 71.1 AZ 75.7 AR 86.9 CA 81.0 CO 77.3 CT 87.0 DE 87.0 "
    "DC 61.4 FL 76.1 GA 72.5 HI 81.8 IL 86.0 IN 87.9 IA 90.5 KS 85.7 KY 87.5 LA 74.6 "
    "ME 86.5 MD 86.4 MA 86.1 MI 78.6 MN 81.2 MS 77.6 MO 87.3 MT 85.4 NE 89.7 NV 70.0",
}
FIPS = (
    "AL 01 AK 02 AZ 04 AR 05 CA 06 CO 08 CT 09 DE 10 DC 11 FL 12 GA 13 HI 15 IL 17 "
    "IN 18 IA 19 KS 20 KY 21 LA 22 ME 23 MD 24 MA 25 MI 26 MN 27 MS 28 MO 29 MT 30 "
    "NE 31 NV 32 NH 33"
)
# Where the schools of the file leave out students of the state: its own rate is lower
# than anything its schools can add up to. We know of no publication that says how many.
INCOMPLETE = {
    "2012-13": {"AL", "CA", "CT", "GA", "KY", "LA", "MI", "MO"},
    "2013-14": {"CA", "CT", "GA", "LA", "MI", "MO", "NV"},
}


def pairs(text):
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize("year", STATES)
def test_rates_of_states_lie_within_the_bounds_of_their_schools(national, raw, year):
    rows = national[(national["year"] == year) & (national["race"] == ALL)]
    fips = raw[year].set_index("NCESSCH")["FIPST"]
    rates = pairs(STATES[year])
    above, below = set(), set()
    for state, code in pairs(FIPS).items():
        if state not in rates:
            continue
        own = rows[rows["unit"].map(fips) == code]
        found = outcomes.by_race(own, outcome="graduation", reference=ALL)
        level = found[found["statistic"] == "level"].set_index("group").loc[ALL]
        published = float(rates[state])
        if published > 100 * level["rate_high"] + 0.05:
            above.add(state)
        if published < 100 * level["rate_low"] - 0.05:
            below.add(state)
    assert not above  # a school missing from a file cannot make up for it
    assert below == INCOMPLETE[year]
    assert len(rates) - len(below) >= 20


def test_three_numbers_of_chicago(national, raw):
    """2013-14: cohorts, what the Black rate can be, and the gap's worst limits."""
    frame = raw["2013-14"]
    frame = frame[frame["LEAID"] == CHICAGO]
    black, white = (plainly(frame, code).sum() for code in ("MBL", "MWH"))
    rows = national[national["unit"].isin(frame["NCESSCH"])]
    rows = rows[rows["year"] == "2013-14"]
    found = outcomes.by_race(rows, outcome="graduation", reference=race.WHITE)
    level = found[found["group"] == race.BLACK].set_index("statistic")
    own = level.loc["level"]
    assert own["population"] == black["n"]
    assert own["rate_low"] == pytest.approx(black["low"] / black["n"])
    assert own["rate_high"] == pytest.approx(black["high"] / black["n"])
    gap = level.loc["difference"]
    middle = [(g["low"] + g["high"]) / 2 / g["n"] for g in (black, white)]
    assert gap["estimate"] == pytest.approx(middle[0] - middle[1])
    for end, ours, theirs in (("low", "low", "high"), ("high", "high", "low")):
        limits = confint_proportions_2indep(
            *(black[ours], black["n"], white[theirs], white["n"]),
            method="newcomb",
            compare="diff",
        )
        limit = limits[0] if end == "low" else limits[1]
        assert gap[f"conf_{end}"] == pytest.approx(limit, abs=1e-9)


def test_chicagos_school_profiles_add_up(shared):
    """661 schools: students by race are all students, 369,504 of them."""
    path = shared / "data" / "chicago" / "cps_school_profile_sy1617.csv.gz"
    if not path.is_file():
        pytest.skip("Chicago's school profiles are absent")
    raw = pd.read_csv(path)
    count = raw.filter(like="Student_Count_")
    apart = ["Total", "Low_Income", "Special_Ed", "English_Learners"]
    races = count.drop(columns=[f"Student_Count_{name}" for name in apart])
    assert (races.sum(axis=1) == count["Student_Count_Total"]).all()
    table, ledger, _ = prepare.read.look(path)
    assert ledger.read == len(raw) == 661
    read = table[count.columns].astype(int)
    assert (read.to_numpy() == count.to_numpy()).all()


@pytest.fixture(scope="module")
def colorado(root, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("colorado")
    found = {"rates": described(root, "colorado")["rates"]}
    return loaded(folder, shared, "colorado", found, "omb1997").outcomes


def test_three_numbers_of_colorado(colorado, shared):
    """The state's own row: the gap, its change, and that no district is above all."""
    path = shared / "data" / "education" / "colorado_math_proficiency_by_race.csv.gz"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    state = raw[raw["Location"] == "Colorado"]
    by_hand = state.astype({"Data": float}).pivot_table(
        index="TimeFrame", columns="Race Ethnicity", values="Data"
    )
    ours = colorado[colorado["unit"] == "Colorado"]
    low, high = (
        ours.pivot_table(index="year", columns="race", values=f"rate_{end}")
        for end in ("low", "high")
    )
    black, white = race.BLACK, race.WHITE
    gap = by_hand["Black"] - by_hand["White"]
    assert gap["2014"] == pytest.approx(-0.3247)
    for year in by_hand.index:
        assert low.loc[year, black] <= by_hand.loc[year, "Black"]
        assert by_hand.loc[year, "Black"] <= high.loc[year, black]
        least, most = low[black] - high[white], high[black] - low[white]
        assert least[year] <= gap[year] <= most[year]
        assert most[year] - least[year] == pytest.approx(0.0002)  # four decimals
    middle = (low + high) / 2
    change = (middle[black] - middle[white])["2014"] - (middle[black] - middle[white])[
        "2011"
    ]
    assert change == pytest.approx(gap["2014"] - gap["2011"], abs=1e-9)
    # A state's rate is an average of its districts'. The numbers of students that it
    # is weighted by are not published, so more than this cannot be recomputed.
    districts = colorado[colorado["unit"] != "Colorado"]
    spread = districts.groupby(["year", "race"], observed=True)
    ends = spread["rate_low"].min(), spread["rate_high"].max()
    for year in by_hand.index:
        for group in (black, white, race.HISPANIC):
            assert ends[0][year, group] <= middle.loc[year, group]
            assert middle.loc[year, group] <= ends[1][year, group]
    # All students are an average of the groups; and no total can be estimated.
    assert (
        by_hand["All Students"].between(by_hand.min(axis=1), by_hand.max(axis=1)).all()
    )
    latest = districts[districts["year"] == "2014"]
    name = latest["outcome"].iloc[0]
    found = outcomes.by_race(latest, outcome=name, reference=white)
    assert found["estimate"].isna().all()
    assert (found["reliability"] == outcomes.UNKNOWN).all()


def test_colorado_hides_as_many_as_the_file_says(colorado, shared):
    path = shared / "data" / "education" / "colorado_math_proficiency_by_race.csv.gz"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    raw = raw[raw["Race Ethnicity"] != "All Students"]
    for year, part in raw.groupby("TimeFrame"):
        ours = colorado[colorado["year"] == year]
        assert len(ours) == (part["Data"] != "N/A").sum()
        # Zeros are declared as hidden: see the settings of Colorado.
        hidden = part["Data"].isin(["LNE", "0"]).sum()
        assert (ours["rate_high"] == 1).sum() == hidden


@pytest.fixture(scope="module")
def samples(root, shared, tmp_path_factory):
    """Hsb82, egsingle and hsb2, which differ in what identifies a student."""

    def scores(city):
        folder = tmp_path_factory.mktemp(city)
        found = {"scores": described(root, city)["scores"]}
        table = loaded(folder, shared, "samples", found, "omb1997").scores
        return table.rename(columns={"race": "group"}).astype({"group": str})

    once = scores("student_samples")
    return {
        "hsb82": once[once["student"].eq("")],
        "egsingle": scores("egsingle"),
        "hsb2": once[once["student"].ne("")],
    }


def original(shared, name):
    return pd.read_csv(shared / "data" / "education" / f"{name}.csv.gz")


def by_pairs(group, base):
    """V by comparing every pair of students."""
    above = (group[:, None] > base).mean() + (group[:, None] == base).mean() / 2
    return np.sqrt(2) * norm.ppf(above)


def hedges(group, base):
    """Hedges' g by its formula, the correction with the gamma function."""
    freedom = len(group) + len(base) - 2
    squares = sum(((x - x.mean()) ** 2).sum() for x in (group, base))
    correct = gamma(freedom / 2) / np.sqrt(freedom / 2) / gamma((freedom - 1) / 2)
    return correct * (group.mean() - base.mean()) / np.sqrt(squares / freedom)


def only(table, group):
    (row,) = table[table["group"] == group].to_dict("records")
    return row


def test_numbers_of_hsb82(samples, shared):
    """7,185 students: mean gap, V by 10 million pairs, and the gap within schools."""
    raw = original(shared, "mlmRev__Hsb82")
    group, base = (
        raw.loc[raw["minrty"] == said, "mAch"].to_numpy() for said in ("Yes", "No")
    )
    ours, name = samples["hsb82"], NOT_RECORDED
    assert len(ours) == len(raw)
    moments = standardized.moments(ours).set_index("group")["mean"]
    gap = group.mean() - base.mean()
    assert moments[name] - moments[race.WHITE] == pytest.approx(gap)
    v = only(proficiency.v_of_scores(ours, reference=race.WHITE), name)["estimate"]
    assert v == pytest.approx(by_pairs(group, base), abs=1e-9)
    parts = school_gaps.decompose(ours, reference=race.WHITE, replicates=100)
    parts = parts[parts["group"] == name].set_index("part")["estimate"]
    assert parts[school_gaps.TOTAL] == pytest.approx(gap)
    dummies = pd.get_dummies(raw["school"], dtype=float)
    minority = raw["minrty"].eq("Yes").astype(float).rename("minority")
    fit = OLS(raw["mAch"], pd.concat([minority, dummies], axis=1)).fit()
    same = fit.params["minority"]
    assert parts[school_gaps.SAME_SCHOOL] == pytest.approx(same)
    assert parts[school_gaps.BETWEEN] == pytest.approx(gap - same)
    # The share of variance of the one dummy that the others explain is the segregation.
    explained = OLS(minority, dummies).fit()
    segregation = 1 - explained.ssr / ((minority - minority.mean()) ** 2).sum()
    assert parts[school_gaps.SEGREGATION] == pytest.approx(segregation)
    assert parts[school_gaps.WITHIN] == pytest.approx((1 - segregation) * same)


def test_numbers_of_egsingle(samples, shared):
    """7,230 scores of 1,721 pupils: growth of each group by OLS with child dummies."""
    raw = original(shared, "mlmRev__egsingle")
    ours = samples["egsingle"]
    assert len(ours) == len(raw)
    ours = ours.assign(time=ours["year"].astype(float))
    found = growth.by_group(ours, reference=race.BLACK)
    level = found[found["statistic"] == "level"].set_index("group")["estimate"]
    codes, children = pd.factorize(raw["childid"])
    one = np.ones(len(raw))
    place = np.arange(len(raw))
    dummies = sparse.csr_matrix((one, (place, codes)), (len(raw), len(children)))
    groups = {
        race.BLACK: raw["black"] == 1,
        race.HISPANIC: raw["hispanic"] == 1,
        NOT_RECORDED: (raw["black"] == 0) & (raw["hispanic"] == 0),
    }
    slopes = np.column_stack([raw["year"].where(own, 0.0) for own in groups.values()])
    design = sparse.hstack([sparse.csr_matrix(slopes), dummies]).tocsc()
    normal, right = design.T @ design, design.T @ raw["math"].to_numpy()
    fit = sparse.linalg.spsolve(normal, right)[: len(groups)]
    for (name, own), slope in zip(groups.items(), fit, strict=True):
        assert level[name] == pytest.approx(slope, abs=1e-9)
        assert only(found[found["statistic"] == "level"], name)["population"] == (
            raw.loc[own, "childid"].nunique()
        )
    difference = found[found["statistic"] == "difference"].set_index("group")
    gap = difference.loc[race.HISPANIC, "estimate"]
    assert gap == pytest.approx(fit[1] - fit[0], abs=1e-9)


def test_numbers_of_hsb2(samples, shared):
    """200 students: means, Hedges' g by its formula, V by every pair."""
    raw = original(shared, "openintro__hsb2")
    ours = samples["hsb2"]
    assert len(ours) == len(raw) == 200
    moments = standardized.moments(ours)
    g = standardized.hedges_g(moments, reference=race.WHITE)
    v = proficiency.v_of_scores(ours, reference=race.WHITE)
    base = raw.loc[raw["race"] == "white", "math"].to_numpy()
    names = {
        "african american": race.BLACK,
        "hispanic": race.HISPANIC,
        "asian": race.ASIAN,
    }
    assert set(raw["race"]) == {*names, "white"}
    for label, name in names.items():
        group = raw.loc[raw["race"] == label, "math"].to_numpy()
        row = only(moments, name)
        assert (row["population"], row["mean"]) == (len(group), group.mean())
        assert only(g, name)["estimate"] == pytest.approx(hedges(group, base))
        assert only(v, name)["estimate"] == pytest.approx(by_pairs(group, base))
