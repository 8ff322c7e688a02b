import os

import pytest

# What commands print is asserted in English, whatever the locale of the machine. Set before anything is imported.
os.environ["LC_ALL"] = "C.UTF-8"

# What is asserted in these helpers is told as in any test.
pytest.register_assert_rewrite("tests.support.crowd", "tests.support.lab_processes", "tests.support.schedules")
