"""Measure tables to pages: the only room whose work leaves the house.

A measure table passes one gate, :func:`equity.publish.protect.protect`. What comes
out is ``Protected``; tables, figures, maps and findings take nothing else and give
back ``Published``, the only thing a page may show. No statistic is computed here.
"""
