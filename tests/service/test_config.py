"""Settings: each bad one is refused by its name before anything starts, and no value is repeated."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

import app
from service.config import BadConfig, Config, load_config

BAD = {
    "REDIS_URL": [
        "localhost:6379",
        "http://host",
        "redis://",
        "redis://h:port",
        "redis://h/zero",
        "redis://h?x=1",
        "redis://h:1/0?socket_timeout=60",
        "redis://h:0",
        "redis://h,h",
        "redis://user@h",
        "redis+sentinel://h:26379",
        "redis+sentinel://h/service?x=1",
        "redis+sentinel://h,/service",
        "redis+cluster://h/1",
        "redis+cluster://h,h:port",
        "redis+other://h",
    ],
    "STORE_PREFIX": ["a*", "two words", "x" * 33, "키:"],
    "DATABASE_URL": ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"],
    "LAB": ["2", "perhaps"],
    "NODE_NAME": ["node 1", "node/1", "x" * 33, "노드"],
    "SESSION_IDLE_S": ["0", "-1", "soon", "1.5", "9" * 30],
    "SESSION_ABSOLUTE_S": ["0", "40000000"],
    "ACCESS_TTL_S": ["0", "86401"],
    "REFRESH_TTL_S": ["0", "40000000"],
    "REFRESH_ABSOLUTE_S": ["0", "40000000"],
    "REFRESH_GRACE_S": ["-1", "61"],
    "LOGINS_PER_MEMBER": ["0", "1000001", "many"],
    "TRUSTED_PROXIES": ["-1", "11", "yes"],
    "INSTRUCTOR_CODE": ["short", "with space", "x" * 65, "비밀번호비밀번호"],
    "JWT_ALGORITHM": ["none", "hs256", "HS512"],
    "FRONT_DOOR": ["127.0.0.1:8000", "http://127.0.0.1:8000/", "redis://127.0.0.1", "http://h:65536"],
    "PUBLIC_ORIGIN": [
        "example.org",
        "https://example.org/",
        "https://Example.org",
        "https://example.org:443",
        "https://u:p@example.org",
        "https://example.org:99999",
        "https://[::1",
    ],
}
ANY_PATH = {"INSTANCE_DIR", "KEY_RING_FILE", "CONTROL_SOCKET"}  # a path is refused where it is used
CASES = [(variable, value) for variable, values in BAD.items() for value in values]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in fields(Config):
        monkeypatch.setenv(setting.name.upper(), "")


def test_every_setting_is_tried() -> None:
    assert {setting.name.upper() for setting in fields(Config)} == BAD.keys() | ANY_PATH


@pytest.mark.parametrize(("variable", "value"), CASES)
def test_a_bad_value_is_refused_by_name_in_one_line(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadConfig) as refused:
        load_config()
    message = str(refused.value)
    assert message.startswith(f"{variable} must be ")
    assert "\n" not in message


@pytest.mark.parametrize("variable", ["FRONT_DOOR", "PUBLIC_ORIGIN"])
@pytest.mark.parametrize("value", ["https://host/", "https://host:65536"])
def test_whatever_is_no_origin_the_message_says_what_one_is(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadConfig, match=rf"^{variable} must be http:// or https://, a host and perhaps a port"):
        load_config()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REDIS_URL", "redis://:open-sesame@host:port/0"),
        ("PUBLIC_ORIGIN", "https://me:open-sesame@host"),
        ("SESSION_IDLE_S", "open-sesame"),
    ],
)
def test_a_bad_value_is_not_repeated_for_it_may_be_a_secret(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadConfig) as refused:
        load_config()
    assert "sesame" not in str(refused.value)


def test_several_problems_are_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB", "perhaps")
    monkeypatch.setenv("JWT_ALGORITHM", "none")
    with pytest.raises(BadConfig) as refused:
        load_config()
    assert str(refused.value) == "LAB must be 0 or 1; JWT_ALGORITHM must be one of HS256, EdDSA, ES256, RS256"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("SESSION_IDLE_S", "SESSION_ABSOLUTE_S"),
        ("ACCESS_TTL_S", "REFRESH_TTL_S"),
        ("REFRESH_TTL_S", "REFRESH_ABSOLUTE_S"),
    ],
)
def test_lifetimes_nest(monkeypatch: pytest.MonkeyPatch, short: str, long: str) -> None:
    monkeypatch.setenv("ACCESS_TTL_S", "1")
    monkeypatch.setenv(short, "61")
    monkeypatch.setenv(long, "60")
    with pytest.raises(BadConfig, match=rf"^{short} must be at most {long}$"):
        load_config()
    monkeypatch.setenv(short, "60")
    load_config()


@pytest.mark.parametrize("variable", sorted(BAD.keys() | ANY_PATH))
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "")
    assert load_config() == Config()


@pytest.mark.parametrize(("value", "lab"), [("1", True), ("true", True), ("ON", True), ("0", False), ("no", False)])
def test_a_switch_is_0_or_1_or_the_usual_words(monkeypatch: pytest.MonkeyPatch, value: str, lab: bool) -> None:
    monkeypatch.setenv("LAB", value)
    assert load_config().lab is lab


def test_a_config_that_is_not_read_from_the_environment_is_checked_too() -> None:
    with pytest.raises(BadConfig, match=r"^NODE_NAME must be 1 to 32 letters"):
        Config(node_name="node 1")


def test_a_setting_that_has_a_value_cannot_be_none() -> None:
    with pytest.raises(BadConfig, match=r"^LAB must be 0 or 1; SESSION_IDLE_S must be a whole number from 1 to"):
        Config(lab=None, session_idle_s=None)  # type: ignore[arg-type]


def test_a_printed_config_shows_no_secret() -> None:
    secrets = {
        "redis_url": "redis://:open-sesame@host",
        "database_url": "postgresql://me:open-sesame@host/db",
        "instructor_code": "opensesame",
    }
    assert "sesame" not in repr(Config(**secrets))  # type: ignore[arg-type]


def test_a_config_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().lab = True  # type: ignore[misc]


def test_a_misspelt_override_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"^SESSION_IDLE is not a setting$"):
        load_config(session_idle=5)


def test_what_the_lab_keeps_is_in_the_instance_folder_unless_said_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
    config = load_config()
    assert (config.database_url, config.key_ring_file) == (f"sqlite:///{tmp_path}/lab.db", tmp_path / "keys.json")
    monkeypatch.setenv("KEY_RING_FILE", "/elsewhere/keys.json")
    assert load_config().key_ring_file == Path("/elsewhere/keys.json")


def test_relative_paths_mean_the_folder_that_the_command_was_typed_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY_RING_FILE", "keys.json")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///lab.db?timeout=5")
    config = load_config()
    assert config.key_ring_file == tmp_path / "keys.json"
    assert config.database_url == f"sqlite:///{tmp_path}/lab.db?timeout=5"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "rediss://:p%40ss@host:6380/15",
        "redis://user:p@[::1]:7000",
        "redis+sentinel://:p@one:26379,two/service/3",
        "rediss+cluster://user:p@[::1]:7000,two:7001",
    ],
)
def test_store_addresses_are_taken(url: str) -> None:
    assert load_config(redis_url=url).redis_url == url


@pytest.mark.parametrize(
    ("origin", "secure"),
    [("https://lab.example", True), ("https://lab.example:8443", True), ("http://[::1]:8000", False)],
)
def test_origins_are_taken_and_https_makes_cookies_secure(origin: str, secure: bool) -> None:
    config = load_config(public_origin=origin)
    assert (config.issuer, config.secure_cookies) == (origin, secure)


@pytest.mark.parametrize(
    ("variable", "value"), [("INSTANCE_DIR", "x"), ("DATABASE_URL", "sqlite:///x/a.db"), ("KEY_RING_FILE", "x/k")]
)
def test_a_place_that_cannot_be_written_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], variable: str, value: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path / "instance"))
    monkeypatch.setenv(variable, value.replace("x", f"{tmp_path}/file/x"))
    assert app.main([]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"app.py: {variable}: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "url", ["nonsense", "postgresql://me:open-sesame@host:port/db", "oracle://me:open-sesame@host/db", "sqlite:////dev"]
)
def test_a_database_that_cannot_be_used_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", url)
    assert app.main([]) == 2
    said = capsys.readouterr().err
    assert said.startswith("app.py: DATABASE_URL")
    assert (said.count("\n"), "sesame" in said) == (1, False)


@pytest.mark.parametrize("ring", ["", "garbage", "[]", '{"keys": []}', '{"keys": [{"kid": "k"}]}', "\xff"])
def test_a_key_ring_that_cannot_be_read_stops_the_start_and_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], ring: str
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(ring, "latin-1")
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
    assert app.main([]) == 2
    assert capsys.readouterr().err.startswith(f"app.py: KEY_RING_FILE: {file} ")
    assert file.read_text("latin-1") == ring


@pytest.mark.parametrize(
    "arguments",
    [["--nodes", "0"], ["--nodes", "17"], ["--port", "0"], ["--port", "http"], ["--host", ""], ["--fast"], ["now"]],
)
def test_arguments_that_the_lab_does_not_take_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        app.main(arguments)
    assert refused.value.code == 2
    assert "app.py: error: " in capsys.readouterr().err


def test_the_lab_is_one_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_make_what_nodes_share", lambda config: None)
    monkeypatch.setattr("lab.cluster.lab.run", lambda config, *_: int(config.lab))
    monkeypatch.setenv("LAB", "")
    assert app.main([]) == 1
    monkeypatch.setenv("LAB", "0")
    assert app.main([]) == 0
