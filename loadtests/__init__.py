"""Load tests that answer the notes' questions in numbers: members driven by Locust, experiments, and their reports.

`python -m loadtests EXPERIMENT` runs one experiment against labs of its own; `locust -f loadtests/locustfile.py` sends
the same members to a lab of yours. Nothing here is part of what it measures.
"""
