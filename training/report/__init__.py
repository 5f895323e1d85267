"""Reports for people: pages, their plots and their words."""
