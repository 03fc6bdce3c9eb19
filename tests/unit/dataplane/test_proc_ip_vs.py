from pathlib import Path

from svcdns.dataplane import proc_ip_vs
from svcdns.dataplane.proc_ip_vs import ServerLine, VirtualLines

HEAD = b"""IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
"""


def test_virtual_servers_come_with_their_real_servers() -> None:
    text = HEAD + (
        b"TCP  0A600001:0050 rr persistent 30 FFFFFFFF\n"
        b"  -> 0A010102:1F90      Masq    1      3          2         \n"
        b"  -> 0A010202:1F90      Masq    0      0          0         \n"
        b"UDP  0A600002:0035 sh \n"
    )

    assert list(proc_ip_vs.parsed(text)) == [
        VirtualLines(
            6,
            b"\n\x60\0\1",
            80,
            "rr",
            [
                ServerLine(b"\n\1\1\2\x1f\x90", b"Masq", 1, 3, 2),
                ServerLine(b"\n\1\2\2\x1f\x90", b"Masq", 0, 0, 0),
            ],
        ),
        VirtualLines(17, b"\n\x60\0\2", 53, "sh", []),
    ]


def test_ipv6_stands_in_brackets() -> None:
    text = HEAD + (
        b"TCP  [fd00:0096:0000:0000:0000:0000:0000:0001]:0050 wlc\n"
        b"  -> [fd00:0001:0001:0000:0000:0000:0000:0002]:1F90      Masq    1      0          0\n"
    )

    (found,) = proc_ip_vs.parsed(text)

    assert found.address == bytes.fromhex("fd000096000000000000000000000001")
    assert found.servers[0].row == bytes.fromhex("fd0000010001000000000000000000021f90")


def test_virtual_servers_of_firewall_marks_are_left_out_with_their_servers() -> None:
    text = HEAD + (
        b"FWM  00000001 rr\n  -> 0A010102:0000      Route   1      0          0\n"
        b"SCTP 0A600001:13C4 rr\n"
    )

    (found,) = proc_ip_vs.parsed(text)

    assert (found.protocol, found.servers) == (132, [])


def test_an_empty_table_has_nothing(tmp_path: Path) -> None:
    place = tmp_path / "ip_vs"
    place.write_bytes(HEAD)

    assert list(proc_ip_vs.read(place)) == []
