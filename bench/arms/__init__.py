"""The measured arms: ours, and common alternatives (peers), each configured as its documentation shows.

`arm.py` defines an arm, `table.py` lists them. The other files are the peers' applications, one family per file.
"""
