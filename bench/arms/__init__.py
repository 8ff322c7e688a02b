"""What is measured: ours, and what people would use instead, each as its own documentation sets it up.

`arm.py` says what an arm is, `table.py` lists them; the other files are the peers' applications, one family a file.
"""
