"""What both twins stand on, and all that runs with `LAB=0`: members, pages, errors, settings, the way to the store."""
