"""The audit of a release: one door to attack, remedy and rates worked back.

`told` collects what a reader is told; `exposed` attacks it, with all that earlier
releases told; `plan` says what else to hide; `ranges` shows what an attacker knows;
`fitting` and `inverting` work counts back from rates.
"""

from equity.publish.attack import Attack, Exposed, attack, exposed, ranges
from equity.publish.cells import Count, told
from equity.publish.inversion import fitting, inverting
from equity.publish.remedy import Plan, plan

__all__ = [
    "Attack",
    "Count",
    "Exposed",
    "Plan",
    "attack",
    "exposed",
    "fitting",
    "inverting",
    "plan",
    "ranges",
    "told",
]
