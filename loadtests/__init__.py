"""Load tests that answer the lecture notes' questions with measurements: Locust members, experiments, and reports.

`python -m loadtests EXPERIMENT` runs one experiment against its own labs. `locust -f loadtests/locustfile.py` runs the
same members against a lab of yours. Nothing here is part of the measured system.
"""
