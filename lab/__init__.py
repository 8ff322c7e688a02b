"""Code that runs only with `LAB=1`: the lab's processes and their controls, its members and its pages."""
