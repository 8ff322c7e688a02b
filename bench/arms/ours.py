"""The lab's application as it runs, with everything that docs/security.md requires."""

import os
from functools import partial
from pathlib import Path

from flask import Flask

from app import create_app
from bench.arms.arm import FOLDER, STORE_URL
from service.accounts.database import Database
from service.accounts.members import Members
from service.accounts.passwords import hash_password
from service.config import Config

LONG_PASSWORD = "wonderland of a service"  # a service's passwords are not public, and must be longer


def settings(algorithm: str, lab: bool) -> dict[str, str]:
    """Return the environment of one lab, with its own databases and keys."""
    name = f"{algorithm}-{'lab' if lab else 'service'}"
    return {"JWT_ALGORITHM": algorithm, "LAB": str(int(lab)), "STORE_PREFIX": f"{name}:"}


def _config(algorithm: str, lab: bool) -> Config:
    values = {name.lower(): value for name, value in settings(algorithm, lab).items()}
    return Config(**values, redis_url=os.environ[STORE_URL], instance_dir=instance(algorithm, lab))


def instance(algorithm: str, lab: bool) -> Path:
    """Return the folder of this lab's databases and keys. Create it if necessary."""
    folder = Path(os.environ[FOLDER], settings(algorithm, lab)["STORE_PREFIX"].rstrip(":"))
    folder.mkdir(exist_ok=True)
    return folder


def _app(algorithm: str, lab: bool) -> Flask:
    config = _config(algorithm, lab)
    app = create_app(config)
    if not lab:
        Members(Database(config.database_url)).add_missing(["alice"], hash_password(LONG_PASSWORD))
    return app


hs256 = partial(_app, "HS256", True)
eddsa = partial(_app, "EdDSA", True)
service = partial(_app, "HS256", False)
