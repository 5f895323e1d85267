"""The report of an evaluation: one page for people, its plots and its words."""
