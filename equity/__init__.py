"""Measure racial equity in city services, workforce and schools.

Three rooms, one direction: `equity.prepare` turns raw files into tidy tables,
`equity.measure` turns tidy tables into measure tables, and `equity.publish`
turns measure tables into protected tables, figures, sentences and pages.
"""
