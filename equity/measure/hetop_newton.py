"""Newton's step for all parameters, groups eliminated one by one, and their errors.

Groups' own parameters meet only through the shared ones. So each group's block is
inverted for itself, what is left is solved for the shared parameters, and put back. The
same pieces give the covariance of any two estimates.
"""

from dataclasses import dataclass, replace

import numpy as np

from equity.measure import hetop_model
from equity.measure.hetop_model import Model, State, System

DAMPING = 10.0 ** np.arange(-3, 4, 0.5)


@dataclass(frozen=True)
class Errors:
    """The covariance of all estimates, without the matrix of their squares.

    The covariance of two estimates is ``shared_1 @ core @ shared_2``, and that of their
    ``own`` parts beside it if they are of the same group.

    Attributes
    ----------
    core
        Of the parameters that rows share.
    own
        Tables x groups x 2 x 2: of mean and log SD.
    shared
        Tables x groups x 2 x shared parameters.
    cuts
        Tables x cut points x shared parameters.
    """

    core: np.ndarray
    own: np.ndarray
    shared: np.ndarray
    cuts: np.ndarray


@dataclass(frozen=True)
class Step:
    """A step uphill, and what it was solved with.

    Attributes
    ----------
    own_step, shared_step
        Of groups x own parameters, and of shared ones.
    definite
        Whether it is Newton's, the likelihood falling all round.
    inverse
        Of each group's own block of the information.
    carried
        What a shared parameter does to own ones, groups x own x shared.
    core
        The covariance of shared parameters, and of the multiplier.
    """

    own_step: np.ndarray
    shared_step: np.ndarray
    definite: bool
    inverse: np.ndarray
    carried: np.ndarray
    core: np.ndarray


def direction(model: Model, state: State) -> tuple[float, Step]:
    """Take Newton's step, damped where the likelihood is not curved down.

    Parameters
    ----------
    model
        Which parameters there are.
    state
        Their values.

    Returns
    -------
    tuple
        The log-likelihood, and the step. It leaves a saddle with just as much of
        Fisher's information added as makes it go uphill, and is then not `definite`.

    Raises
    ------
    LinAlgError
        If parameters cannot be told apart at all.
    """
    observed = hetop_model.system(model, state, scoring=False)
    solved = _solve(model, observed)
    if solved.definite:
        return observed.value, solved
    fisher = hetop_model.system(model, state, scoring=True)
    for added in DAMPING:
        solved = _solve(model, _damped(observed, fisher, added))
        if solved.definite:
            break
    return observed.value, replace(solved, definite=False)


def errors(model: Model, solved: Step) -> Errors:
    """Take each estimate as a sum of own and of shared parameters.

    Parameters
    ----------
    model
        Which parameters there are.
    solved
        The last step, at the maximum.

    Returns
    -------
    Errors
        Of all means, log SDs and cut points.
    """
    tables, groups = model.source.shape
    size = len(solved.core)
    own = np.zeros((tables, groups, 2, 2))
    shared = np.zeros((tables, groups, 2, size))
    cuts = np.zeros((*model.cut_at.shape, size))
    for table in range(tables):
        places = {0: table, 1: tables}
        flags = {}
        for whose, at, of, flag in model.parts(table):
            if whose == "own":
                flags[of] = flag
                shared[table, flag, of] -= solved.carried[flag, places[of]]
            elif of < 2:
                shared[table, flag, of, at] += 1
            else:
                cuts[table, of - 2, at] = 1
        for first, second in ((0, 0), (0, 1), (1, 0), (1, 1)):
            both = flags[first] & flags[second]
            block = solved.inverse[both, places[first], places[second]]
            own[table, both, first, second] = block
    return Errors(solved.core, own, shared, cuts)


def _damped(observed: System, fisher: System, added: float) -> System:
    return replace(
        observed,
        own_own=observed.own_own + added * fisher.own_own,
        own_shared=observed.own_shared + added * fisher.own_shared,
        shared_shared=observed.shared_shared + added * fisher.shared_shared,
    )


def _bound(model: Model, system: System) -> tuple[np.ndarray, np.ndarray]:
    """Let the tied SD be the mean of the others', by a multiplier as last parameter."""
    if not model.bound:
        return system.own_shared, system.shared_shared
    free = ~model.tied
    beside = np.zeros((*system.own.shape, 1))
    beside[free, -1, 0] = -1 / free.sum()
    corner = np.zeros((model.size + 1, model.size + 1))
    corner[:-1, :-1] = system.shared_shared
    corner[-1, model.tied_at] = corner[model.tied_at, -1] = 1
    return np.concatenate([system.own_shared, beside], axis=2), corner


def _solve(model: Model, system: System) -> Step:
    """Eliminate the groups, solve for what they share, and put it back."""
    beside, corner = _bound(model, system)
    inverse = np.linalg.inv(system.own_own)
    carried = inverse @ beside
    reduced = corner - np.einsum("gls,glt->st", beside, carried)
    against = np.append(system.shared, [0.0] * model.bound)
    against = against - np.einsum("gls,gl->s", carried, system.own)
    core = np.linalg.inv(reduced) if len(reduced) else reduced
    shared_step = core @ against
    own_step = np.einsum("glm,gm->gl", inverse, system.own) - carried @ shared_step
    # as many falling directions as there are multipliers: the likelihood is a maximum
    falling = (np.linalg.eigvalsh(system.own_own) <= 0).sum()
    falling += (np.linalg.eigvalsh((reduced + reduced.T) / 2) <= 0).sum()
    return Step(
        own_step,
        shared_step[: model.size],
        bool(falling == model.bound),
        inverse,
        carried,
        core,
    )
