import pytest

# What is asserted in these helpers is told as in any test.
pytest.register_assert_rewrite("tests.crowd", "tests.lab_processes", "tests.schedules")
