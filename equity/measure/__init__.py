"""Tidy tables in, measure tables out: nothing here reads, prints, draws or mutates.

The vocabulary of `table` and the limits of `intervals` are shared; apart from
those two the modules ignore one another, and meet in the notebook.
"""
