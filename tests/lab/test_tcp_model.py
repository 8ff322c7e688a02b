"""The numbers of a TCP connection: known answers from RFC 9293, and what a forged segment does to them."""

import pytest

from lab.pages.tcp.model import CLIENT_ISN, MODULUS, SERVER_ISN, acceptable, play


@pytest.mark.parametrize(
    ("seq", "length", "rcv_nxt", "window", "taken"),
    [
        (100, 0, 100, 0, True),  # RFC 9293 §3.10.7.4: no bytes, no window
        (101, 0, 100, 0, False),
        (100, 0, 100, 10, True),
        (109, 0, 100, 10, True),
        (110, 0, 100, 10, False),
        (99, 0, 100, 10, False),
        (100, 1, 100, 0, False),
        (95, 5, 100, 10, False),  # its last byte is 99
        (95, 6, 100, 10, True),  # its last byte is 100
        (109, 5, 100, 10, True),
        (110, 5, 100, 10, False),
        (4, 1, MODULUS - 5, 10, True),  # beyond 2^32 the numbers begin again
        (5, 1, MODULUS - 5, 10, False),
        (MODULUS - 6, 1, MODULUS - 5, 10, False),
    ],
)
def test_a_segment_is_acceptable_when_a_number_of_it_is_in_the_window(
    seq: int, length: int, rcv_nxt: int, window: int, taken: bool
) -> None:
    assert acceptable(seq, length, rcv_nxt, window) is taken


def test_after_the_handshake_each_side_expects_what_the_other_sends_next() -> None:
    last = play("blind")[2]
    assert last["client"] == {"snd_nxt": CLIENT_ISN + 1, "rcv_nxt": SERVER_ISN + 1}
    assert last["server"] == {"snd_nxt": SERVER_ISN + 1, "rcv_nxt": CLIENT_ISN + 1}


def test_a_wrong_number_is_dropped_and_changes_nothing() -> None:
    before, forged, after = play("blind")[4:]
    assert (forged["sender"], forged["verdict"]) == ("attacker", "dropped")
    assert before["server"] == forged["server"] == after["server"]
    assert after["in_step"]


def test_the_right_number_puts_both_sides_out_of_step_for_good() -> None:
    steps = play("sniffed")
    assert [step["verdict"] for step in steps[5:]] == ["taken", "unsent_acked", "dropped", "unsent_acked", "dropped"]
    assert [step["in_step"] for step in steps] == [True] * 5 + [False] * 5
    forged = steps[5]
    assert (forged["server"]["rcv_nxt"] - forged["client"]["snd_nxt"]) % MODULUS == 40
    assert forged["server"]["rcv_nxt"] == (CLIENT_ISN + 1 + 20 + 40) % MODULUS == 51


def test_tcp_takes_the_forged_bytes_under_tls_too() -> None:
    assert play("tls")[-1]["verdict"] == "taken"
