"""What a shipped crosswalk is."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Vocabulary:
    """The labels of a form or file, and the groups they mean.

    Attributes
    ----------
    name
        Its name in `sources.yaml`.
    title
        What it is, for readers.
    source
        Where the labels come from.
    standards
        The standards it is meant for.
    labels
        Label to group, or to a kind of unknown.
    doubtful
        Labels whose meaning is a judgement, and why it was made so.
    general
        Whether it holds the wordings of many forms. Labels that a standard cannot
        hold are then left out, so that a file with them fails by name.
    """

    name: str
    title: str
    source: str
    standards: tuple[str, ...]
    labels: Mapping[str, str]
    doubtful: Mapping[str, str] = field(default_factory=dict)
    general: bool = False
