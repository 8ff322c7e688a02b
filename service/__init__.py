"""Shared by both login packages, and all that runs with `LAB=0`: members, pages, errors, settings, the store."""
