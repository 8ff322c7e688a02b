"""What every refusal has to be, whatever was refused (RFC 9457)."""

from werkzeug.test import TestResponse


def assert_problem(response: TestResponse, status: int, code: str, naming: str = "") -> None:
    """Hold the response to RFC 9457 and to this one outcome."""
    problem = response.get_json()
    assert (response.status_code, problem["code"], problem["status"]) == (status, code, status)
    assert response.mimetype == "application/problem+json"
    assert problem["type"].endswith(code)
    assert problem["title"]
    assert naming in problem.get("detail", "")
    assert "Traceback" not in response.get_data(as_text=True)


def assert_refused(response: TestResponse, *statuses: int) -> None:
    assert response.status_code in statuses
    assert_problem(response, response.status_code, response.get_json()["code"])
