import pytest

# What is asserted in these helpers is told as in any test.
pytest.register_assert_rewrite("tests.support.crowd", "tests.support.lab_processes", "tests.support.schedules")
