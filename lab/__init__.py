"""What exists only with `LAB=1`: the processes of a lab and their controls, its members, and the pages that show it."""
