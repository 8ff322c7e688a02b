"""The two hours of the walk without a refresh token, which tests count in the process and in a browser."""

HOURS = {  # by step: log-ins, refreshes and refused requests in an hour of tokens that live five minutes
    "hour-without": (12, 0, 11),
    "hour-with": (1, 11, 11),
}
