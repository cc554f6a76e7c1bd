"""Quorravale: a small invented city whose gaps are planted and written down.

The files look like a city's exports, with their wrong labels, duplicates, open
requests and suppressed cells; `truth.yaml` says what lies beneath. Other seeds, sizes
and strengths of the gaps, none included, make other cities: that is how intervals are
checked for coverage and flags for false alarms. The city lies in the open ocean.

The bytes depend on the options alone: every file has its own random stream, numbers
are rounded before they are written, lines end with a line feed, and no date of today
is used. They are the same with numpy 1.26 and 2.4; a later one may draw other numbers.
"""

import argparse
from pathlib import Path

from equity.sample import (
    city,
    homes,
    places,
    school_life,
    schools,
    services,
    workforce,
)
from equity.sample.common import Options, write_csv, write_truth

FILES = (
    *("blocks.csv", "districts.geojson", "eeo_availability.csv", "facilities.csv"),
    *("graduation.csv", "households.csv", "labor_force.csv"),
    *("population.csv", "proficiency.csv", "school_enrolment.csv"),
    *("school_outcomes.csv", "service_requests.csv", "state_outcomes.csv"),
    *("student_growth.csv", "student_scores.csv", "tracts.geojson"),
    *("travel_minutes.csv", "truth.yaml", "truth_population.csv"),
    *("workforce_2025-12-31.csv", "workforce_events.csv", "working_age.csv"),
)


def generate(
    out: Path,
    *,
    seed: int = 20251,
    tracts: int = 60,
    quarters: int = 12,
    size: float = 1.0,
    gaps: float = 1.0,
    service_gap: float = 1.0,
    workforce_gap: float = 1.0,
    school_gap: float = 1.0,
) -> None:
    """Write the raw files of an invented city, and the truth beneath them.

    Parameters
    ----------
    out
        The folder to write to; made if absent. Only files named in `FILES` are
        written, over earlier ones.
    seed
        Not negative. The same options and seed give the same bytes.
    tracts
        Census tracts, 12 to 999; the last is a park without residents.
    quarters
        Quarters of requests and of workforce events, 4 or more, ending with 2025Q4.
    size
        1 is about 180,000 residents, 2,300 posts and 9,000 tested students.
    gaps
        Strength of every gap: 1 is as designed, 0 is no gap at all.
    service_gap
        Further strength of the gaps in asking for service and in waiting for it, in
        where places were put, and in who has internet at home.
    workforce_gap
        Of the gaps in hiring, promotion, separation, job category and pay, and between
        residents, labour force and those available in an occupation.
    school_gap
        Of the gaps in graduation, scores, growth and other outcomes, and of
        differences between schools.

    Raises
    ------
    ParamsError
        If an option is out of its range.

    Notes
    -----
    A gap is planted as a difference between logarithms (of rates, waits, odds, pay)
    or in standard deviations of a score; its strength multiplies it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     generate(Path(folder), tracts=12, quarters=4, size=0.02)
    ...     sorted(path.name for path in Path(folder).iterdir()) == sorted(FILES)
    True
    """
    options = Options(
        seed=seed,
        tracts=tracts,
        quarters=quarters,
        size=size,
        service_gap=gaps * service_gap,
        workforce_gap=gaps * workforce_gap,
        school_gap=gaps * school_gap,
    )
    town = city.build(options)
    here = homes.build(options, town)
    sites = places.place(options, town, options.rng("places"))
    located = sites.drop(index=places.UNPLACED)
    rides = places.ride(town, here, located, options.rng("travel"))
    requests = services.build(options, town)
    workers = workforce.build(options, town)
    pupils = schools.build(options, town)
    life = school_life.build(options, town)

    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "tracts.geojson").write_bytes(city.geojson(town).encode())
    write_csv(city.population(options, town), out / "population.csv")
    write_csv(city.true_population(town), out / "truth_population.csv")
    write_csv(places.export(sites), out / "facilities.csv")
    write_csv(places.travel_export(rides), out / "travel_minutes.csv")
    write_csv(homes.household_export(options, town, here), out / "households.csv")
    write_csv(homes.block_export(town, here), out / "blocks.csv")
    (out / "districts.geojson").write_bytes(homes.geojson(here).encode())
    write_csv(requests.rows, out / "service_requests.csv")
    write_csv(workers.roster, out / "workforce_2025-12-31.csv", mark=True)
    write_csv(workers.events, out / "workforce_events.csv")
    write_csv(workers.availability, out / "eeo_availability.csv")
    write_csv(workers.working_age, out / "working_age.csv")
    write_csv(workers.labour_force, out / "labor_force.csv")
    write_csv(pupils.graduation, out / "graduation.csv")
    write_csv(pupils.proficiency, out / "proficiency.csv")
    write_csv(pupils.scores, out / "student_scores.csv")
    write_csv(life.outcomes, out / "school_outcomes.csv")
    write_csv(life.state, out / "state_outcomes.csv")
    write_csv(life.enrolment, out / "school_enrolment.csv")
    write_csv(life.growth, out / "student_growth.csv")
    truth = {
        "city": city.NAME,
        "about": "The truth beneath the files of an invented city. Differences and "
        "ratios are against White; shares and rates are proportions.",
        "options": options.as_dict(),
        "residents": city.truth(town),
        "requests": requests.truth,
        "workforce": workers.truth,
        "education": pupils.truth | life.truth,
        "facilities": places.truth(options, town, here, located, rides),
        **homes.truth(options, town, here),
        "messes": {
            "service_requests.csv": requests.messes,
            "workforce_2025-12-31.csv": workers.messes,
            "proficiency.csv": pupils.messes["proficiency.csv"],
            "graduation.csv": pupils.messes["graduation.csv"],
            "student_scores.csv": pupils.messes["student_scores.csv"],
            **life.messes,
            "facilities.csv": places.MESSES,
            "travel_minutes.csv": places.travel_messes(town, rides),
        },
    }
    write_truth(truth, out / "truth.yaml")


def main(argv: list[str] | None = None) -> int:
    """Write a sample city from the command line.

    Parameters
    ----------
    argv
        Arguments without the program's name; those of the process if absent.

    Returns
    -------
    int
        The exit code.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     main(["--out", folder, "--tracts", "12", "--size", "0.02", "--gaps", "0"])
    0
    """
    parser = argparse.ArgumentParser(
        prog="python -m equity.sample",
        description=f"Write {city.NAME}, an invented city with planted gaps.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    for name, default in [("seed", 20251), ("tracts", 60), ("quarters", 12)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    for name in ["size", "gaps", "service-gap", "workforce-gap", "school-gap"]:
        parser.add_argument(f"--{name}", type=float, default=1.0)
    generate(**vars(parser.parse_args(argv)))
    return 0
