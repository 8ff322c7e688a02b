"""The errors of the lab's controls. `service/errors.py` turns them into responses.

ServiceError
├── ControlError
│   ├── ForeignHost            403  foreign_host
│   ├── CodeNeeded             403  code_needed
│   ├── WrongCode              403  wrong_code
│   ├── LastNode               409  last_node
│   ├── NoSuchKey              404  unknown_key
│   ├── KeyStaysRevoked        409  key_revoked
│   ├── KeyStillNeeded         409  key_in_use
│   └── RefusedBySupervisor    4xx  (the supervisor's own code)
└── SupervisorUnavailable      503  supervisor_unavailable  (Retry-After)
"""

from flask_babel import LazyString, lazy_gettext

from service.errors import ServiceError


class ControlError(ServiceError):
    """A control refuses a request, and nothing was changed."""

    status = 403


class ForeignHost(ControlError):
    code = "foreign_host"
    title = lazy_gettext("This lab does not answer to this name")


class CodeNeeded(ControlError):
    code = "code_needed"
    title = lazy_gettext("You may not use the lab's controls")


class WrongCode(ControlError):
    code = "wrong_code"
    title = lazy_gettext("This is not the instructor code")


class LastNode(ControlError):
    status = 409
    code = "last_node"
    title = lazy_gettext("This is the last running node")


class NoSuchKey(ControlError):
    status = 404
    code = "unknown_key"
    title = lazy_gettext("The key ring has no such key")


class KeyStaysRevoked(ControlError):
    status = 409
    code = "key_revoked"
    title = lazy_gettext("A revoked key stays revoked")


class KeyStillNeeded(ControlError):
    status = 409
    code = "key_in_use"
    title = lazy_gettext("Tokens of this key may still be valid")


class RefusedBySupervisor(ControlError):
    """The supervisor refused a command. Has the supervisor's status and code."""

    title = lazy_gettext("The command was not executed")

    def __init__(self, status: int, code: str, detail: LazyString | str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


class SupervisorUnavailable(ServiceError):
    """503: no supervisor answers."""

    status = 503
    code = "supervisor_unavailable"
    title = lazy_gettext("The lab's supervisor does not answer")
    retry_after_s = 1
