"""What the parts of the sample city share: options, random streams, formats."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from equity import race
from equity.errors import ParamsError

RACES = race.standard("omb1997").groups
SCHOOL_RACES = tuple(group for group in RACES if group != race.SOME_OTHER)
REFERENCE = race.WHITE
LAST_DAY = pd.Timestamp("2025-12-31")
YEARS = ("2022-23", "2023-24", "2024-25")
STREAMS = (
    *("city", "population", "facilities", "requests", "request messes"),
    *("workforce", "roster messes", "schools", "graduation", "scores"),
    *("blocks", "households", "survey of households", "districts", "travel"),
    *("places", "employment", "labour force survey"),
    *("school outcomes", "followed students"),
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a sample city is made from; see `equity.sample.generate`.

    Attributes
    ----------
    seed, tracts, quarters, size
        As in `generate`.
    service_gap, workforce_gap, school_gap
        Strengths with the common one multiplied in.

    Examples
    --------
    >>> Options(size=-1)
    Traceback (most recent call last):
    equity.errors.ParamsError: size is -1; it must lie between 0.02 and 20
    """

    seed: int = 20251
    tracts: int = 60
    quarters: int = 12
    size: float = 1.0
    service_gap: float = 1.0
    workforce_gap: float = 1.0
    school_gap: float = 1.0

    def __post_init__(self):
        for name, least, most in [
            ("seed", 0, 2**63),
            ("tracts", 12, 999),
            ("quarters", 4, 80),
            ("size", 0.02, 20),
            ("service_gap", 0, 3),
            ("workforce_gap", 0, 3),
            ("school_gap", 0, 3),
        ]:
            value = getattr(self, name)
            if not least <= value <= most:
                raise ParamsError(
                    f"{name} is {value:g}; it must lie between {least:g} and {most:g}"
                )

    def rng(self, stream: str) -> np.random.Generator:
        """Return a random stream of its own for a part of the city.

        Parameters
        ----------
        stream
            One of `STREAMS`.

        Returns
        -------
        Generator
            Depends on the seed and the stream only.

        Examples
        --------
        >>> a, b = Options(seed=1), Options(seed=1, size=2.0)
        >>> bool(a.rng("city").random() == b.rng("city").random())
        True
        """
        return np.random.default_rng([self.seed, STREAMS.index(stream)])

    def periods(self) -> pd.PeriodIndex:
        """List the quarters of the city's data.

        Returns
        -------
        PeriodIndex
            Ending with 2025Q4.

        Examples
        --------
        >>> str(Options(quarters=12).periods()[0])
        '2023Q1'
        """
        return pd.period_range(end=pd.Period(LAST_DAY, "Q"), periods=self.quarters)

    def as_dict(self) -> dict:
        """List the options by name.

        Returns
        -------
        dict
            As plain numbers.

        Examples
        --------
        >>> Options().as_dict()["tracts"]
        60
        """
        return asdict(self)


def by_race(values: Mapping[str, float], groups=RACES) -> np.ndarray:
    """Line up one number per group, 0 where none is given.

    Parameters
    ----------
    values
        Group to number.
    groups
        The groups, in order.

    Returns
    -------
    ndarray
        One number per group.

    Examples
    --------
    >>> by_race({"White": 2.0}, ("Asian", "White")).tolist()
    [0.0, 2.0]
    """
    return np.array([values.get(group, 0.0) for group in groups])


def tilt(shares: np.ndarray, log_odds: np.ndarray) -> np.ndarray:
    """Multiply shares by odds and make them add up to one again.

    Parameters
    ----------
    shares
        Proportions along the last axis.
    log_odds
        Logarithms of the factors, 0 for none.

    Returns
    -------
    ndarray
        Proportions along the last axis.

    Examples
    --------
    >>> tilt(np.array([0.5, 0.5]), np.log([1.0, 3.0])).round(2).tolist()
    [0.25, 0.75]
    """
    weights = shares * np.exp(log_odds)
    return weights / weights.sum(axis=-1, keepdims=True)


def listed(values, groups=RACES, digits: int = 6) -> dict[str, float]:
    """Write one rounded number per group, as it stands in `truth.yaml`.

    Parameters
    ----------
    values
        One number per group.
    groups
        The groups, in order.
    digits
        Decimals; 0 makes whole numbers.

    Returns
    -------
    dict
        Group to number.

    Examples
    --------
    >>> listed([0.12345, 2.0], ("Asian", "White"), digits=2)
    {'Asian': 0.12, 'White': 2.0}
    """
    return {g: plain(v, digits) for g, v in zip(groups, values, strict=True)}


def compared(values, groups=RACES, digits: int = 6) -> dict[str, dict[str, float]]:
    """Write a number per group with its difference and ratio to the reference.

    Parameters
    ----------
    values
        One number per group.
    groups
        The groups, in order, `REFERENCE` among them.
    digits
        Decimals.

    Returns
    -------
    dict
        Group to `value`, `difference` and `ratio`.

    Examples
    --------
    >>> compared([2.0, 4.0], ("Asian", "White"))["Asian"]
    {'value': 2.0, 'difference': -2.0, 'ratio': 0.5}
    """
    values = np.asarray(values, dtype=float)
    base = values[list(groups).index(REFERENCE)]
    return {
        group: {
            "value": plain(value, digits),
            "difference": plain(value - base, digits),
            "ratio": plain(ratio, 6),
        }
        for group, value, ratio in zip(
            groups, values, divide(values, base), strict=True
        )
    }


def divide(events, population) -> np.ndarray:
    """Divide, missing where there is nobody.

    Parameters
    ----------
    events, population
        Numbers of one shape, or that can be given one.

    Returns
    -------
    ndarray
        Proportions.

    Examples
    --------
    >>> divide([1, 0], [4, 0]).tolist()
    [0.25, nan]
    """
    events, population = np.broadcast_arrays(
        np.asarray(events, dtype=float), np.asarray(population, dtype=float)
    )
    missing = np.full(events.shape, np.nan)
    return np.divide(events, population, out=missing, where=population > 0)


def plain(value: float, digits: int = 6) -> float | int | None:
    """Round to a plain Python number, without a negative zero.

    Parameters
    ----------
    value
        Any number.
    digits
        Decimals; 0 makes a whole number.

    Returns
    -------
    float, int or None
        The rounded number; None for a missing one.

    Examples
    --------
    >>> plain(np.float64(-1e-12)), plain(2.0, 0), plain(np.nan)
    (0.0, 2, None)
    """
    if np.isnan(value):
        return None
    rounded = round(float(value), digits) + 0.0
    return int(rounded) if digits == 0 else rounded


def respell(
    labels: np.ndarray,
    spellings: Mapping[str, list[str]],
    rng: np.random.Generator,
    *,
    usual: float,
) -> np.ndarray:
    """Write labels the way several clerks would.

    Parameters
    ----------
    labels
        Clean labels.
    spellings
        Each label's spellings, the usual one first.
    rng
        Random stream.
    usual
        The chance of the usual spelling; the others share the rest evenly.

    Returns
    -------
    ndarray
        Spelled labels.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> respell(np.array(["W"]), {"W": ["White", "WHITE"]}, rng, usual=0).tolist()
    ['WHITE']
    """
    spelled = np.empty(len(labels), dtype=object)
    draws = rng.random(len(labels))
    for label, ways in spellings.items():
        rows = labels == label
        step = (1 - usual) / max(len(ways) - 1, 1)
        which = np.ceil((draws[rows] - usual) / step).astype(int)
        spelled[rows] = np.array(ways, dtype=object)[which.clip(0, len(ways) - 1)]
    return spelled


def write_csv(frame: pd.DataFrame, path: Path, *, mark: bool = False) -> None:
    """Write a table as a city would export it, the same bytes everywhere.

    Parameters
    ----------
    frame
        Texts and whole numbers.
    path
        The file.
    mark
        Whether to begin with a byte order mark, as spreadsheets do.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(pd.DataFrame({"a": ["01"]}), Path(folder) / "a.csv")
    ...     (Path(folder) / "a.csv").read_bytes()
    b'a\\n01\\n'
    """
    text = frame.to_csv(index=False, lineterminator="\n")
    path.write_bytes(text.encode("utf-8-sig" if mark else "utf-8"))


def write_truth(truth: Mapping, path: Path) -> None:
    """Write the truth as YAML, in the given order.

    Parameters
    ----------
    truth
        Nested plain values.
    path
        The file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_truth({"b": 1, "a": 2}, Path(folder) / "truth.yaml")
    ...     (Path(folder) / "truth.yaml").read_bytes()
    b'b: 1\\na: 2\\n'
    """
    text = yaml.safe_dump(truth, sort_keys=False, allow_unicode=True, width=88)
    path.write_bytes(text.encode())
