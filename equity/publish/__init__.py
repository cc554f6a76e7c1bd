"""Measure tables to pages: the only room whose work leaves the house.

A measure table passes one gate, :func:`equity.publish.protect.protect`. What comes
out is ``Protected``; tables, figures, maps and findings take nothing else and give
back ``Published``, the only thing a page may show. No statistic is computed here.

Where things are, from the gate to the folder:

the gate
    `protect` (what notebooks call), `protected`, `kinds` (what a column is), `small`,
    `lines`, `crossed` and `covering` (what else is hidden), `coding`, `rounding`;
    `merging` and `lumping` before it; `aside` for people left out
what a reader is told
    `linking` (of whom), `telling` (the register), `planned` (what the audit asks for)
the audit
    `audit` (what `release` calls), `cells`, `attack`, `programs`, `witnesses`,
    `remedy`, `inversion`, `archive` (earlier releases)
what is shown
    `tables`, `figures`, `maps`, `findings`, `notes` (what notebooks call); `display`
    and `payload` (what they make); `columns`, `order`; `rows`, `drawings`, `narrow`,
    `heat`, `tiles`, `canvas`, `cartography`, `aloud`; `wording`, `comparisons`,
    `sentences`, and of the workforce `utilised`, `moving`, `paced`, `paid`, `apart`
the pages
    `page` (what `release` calls), `prose`, `reading`, `writing`, `template/`;
    `front`, `since`, `history`, `trends`, `city`
the folder
    `release` (what `equity run` calls), `downloads`, `dictionary`, `workbook`,
    `manifest`, `place`
"""
