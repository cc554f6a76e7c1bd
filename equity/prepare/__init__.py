"""Raw files to tidy tables: `load` is the one call that a notebook needs."""

from equity.prepare.tables import Tables, listing, load

__all__ = ["Tables", "listing", "load"]
