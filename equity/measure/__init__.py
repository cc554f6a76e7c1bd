"""Tidy tables in, measure tables out: nothing here reads, prints, draws or mutates.

The vocabulary of `table`, the limits of `intervals`, the counts of `exact` and the
margins of `acs` are shared; otherwise the modules ignore one another, and meet in
the notebook.
"""
