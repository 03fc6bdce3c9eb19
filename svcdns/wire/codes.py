"""The numbers of DNS: RCODE, OPCODE, TYPE, CLASS, the flag bits, and their texts.

Fields of other modules that hold a TYPE or a CLASS are plain integers: any 16-bit number may
arrive, and it must be served, logged and counted even if it has no name here.

Source: IANA "Domain Name System (DNS) Parameters"; the RFC stands beside each group.
"""

import re
from enum import IntEnum

# The 16-bit flag field of the header: RFC 1035 section 4.1.1; AD and CD: RFC 4035 section 3.
QR = 0x8000
OPCODE_MASK = 0x7800
AA = 0x0400
TC = 0x0200
RD = 0x0100
RA = 0x0080
Z = 0x0040
AD = 0x0020
CD = 0x0010
RCODE_MASK = 0x000F


class Opcode(IntEnum):
    """OPCODE: kind of query."""

    QUERY = 0  # RFC 1035
    IQUERY = 1  # RFC 3425 made it obsolete
    STATUS = 2  # RFC 1035
    NOTIFY = 4  # RFC 1996
    UPDATE = 5  # RFC 2136
    DSO = 6  # RFC 8490


class RCode(IntEnum):
    """RCODE; those above 15 need the upper eight bits that an OPT carries."""

    # RFC 1035 section 4.1.1
    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    # RFC 2136 section 2.2
    YXDOMAIN = 6
    YXRRSET = 7
    NXRRSET = 8
    NOTAUTH = 9
    NOTZONE = 10
    DSOTYPENI = 11  # RFC 8490
    BADVERS = 16  # RFC 6891 section 9; on a TSIG record the same number is BADSIG
    BADKEY = 17  # RFC 8945
    BADTIME = 18  # RFC 8945
    BADMODE = 19  # RFC 2930
    BADNAME = 20  # RFC 2930
    BADALG = 21  # RFC 2930
    BADTRUNC = 22  # RFC 8945
    BADCOOKIE = 23  # RFC 7873


class RRClass(IntEnum):
    """CLASS and QCLASS."""

    IN = 1  # RFC 1035
    CH = 3  # RFC 1035
    HS = 4  # RFC 1035
    NONE = 254  # RFC 2136
    ANY = 255  # RFC 1035


class RRType(IntEnum):
    """TYPE and QTYPE."""

    # RFC 1035 section 3.2.2
    A = 1
    NS = 2
    MD = 3
    MF = 4
    CNAME = 5
    SOA = 6
    MB = 7
    MG = 8
    MR = 9
    NULL = 10
    WKS = 11
    PTR = 12
    HINFO = 13
    MINFO = 14
    MX = 15
    TXT = 16
    # RFC 1183
    RP = 17
    AFSDB = 18
    X25 = 19
    ISDN = 20
    RT = 21
    SIG = 24  # RFC 2535
    KEY = 25  # RFC 2535
    PX = 26  # RFC 2163
    GPOS = 27  # RFC 1712
    AAAA = 28  # RFC 3596
    LOC = 29  # RFC 1876
    NXT = 30  # RFC 2535
    SRV = 33  # RFC 2782
    NAPTR = 35  # RFC 3403
    KX = 36  # RFC 2230
    CERT = 37  # RFC 4398
    DNAME = 39  # RFC 6672
    OPT = 41  # RFC 6891
    APL = 42  # RFC 3123
    DS = 43  # RFC 4034
    SSHFP = 44  # RFC 4255
    IPSECKEY = 45  # RFC 4025
    # RFC 4034
    RRSIG = 46
    NSEC = 47
    DNSKEY = 48
    DHCID = 49  # RFC 4701
    NSEC3 = 50  # RFC 5155
    NSEC3PARAM = 51  # RFC 5155
    TLSA = 52  # RFC 6698
    SMIMEA = 53  # RFC 8162
    HIP = 55  # RFC 8005
    NINFO = 56
    CDS = 59  # RFC 7344
    CDNSKEY = 60  # RFC 7344
    OPENPGPKEY = 61  # RFC 7929
    CSYNC = 62  # RFC 7477
    ZONEMD = 63  # RFC 8976
    SVCB = 64  # RFC 9460
    HTTPS = 65  # RFC 9460
    SPF = 99  # RFC 7208
    UNSPEC = 103
    # RFC 6742
    NID = 104
    L32 = 105
    L64 = 106
    LP = 107
    EUI48 = 108  # RFC 7043
    EUI64 = 109  # RFC 7043
    NXNAME = 128  # RFC 9824
    TKEY = 249  # RFC 2930
    TSIG = 250  # RFC 8945
    IXFR = 251  # RFC 1995
    AXFR = 252  # RFC 5936
    MAILB = 253  # RFC 1035
    MAILA = 254  # RFC 1035
    ANY = 255  # RFC 1035, RFC 8482
    URI = 256  # RFC 7553
    CAA = 257  # RFC 8659
    AVC = 258
    AMTRELAY = 260  # RFC 8777
    RESINFO = 261  # RFC 9606
    TA = 32768
    DLV = 32769  # RFC 4431


_TYPE_TEXT = {member.value: member.name for member in RRType}
_TYPE_NUMBER = {member.name: member.value for member in RRType}
_CLASS_TEXT = {member.value: member.name for member in RRClass}
_RCODE_TEXT = {member.value: member.name for member in RCode}
_OPCODE_TEXT = {member.value: member.name for member in Opcode}

HARDLY_USED = {
    "NSAP-PTR": 23,
    "EID": 31,
    "NIMLOC": 32,
    "ATMA": 34,
    "RKEY": 57,
    "TALINK": 58,
    "UINFO": 100,
    "UID": 101,
    "GID": 102,
    "RESERVED": 65_535,
}
"""TYPEs that Corefiles may name as CoreDNS does; written they are `TYPE1234`."""
_UNNAMED_TYPE = re.compile(r"TYPE([0-9]{1,5})", re.ASCII)


def type_text(number: int) -> str:
    """Return the mnemonic of a TYPE, or `TYPE1234` if it has none (RFC 3597 section 5)."""
    return _TYPE_TEXT.get(number) or f"TYPE{number}"


def type_number(text: str) -> int:
    """Return the TYPE that `text` means: a mnemonic or `TYPE1234`, in any letter case.

    Raises:
        ValueError: neither of both; the message is a sentence about `text`.

    Source: RFC 3597 section 5.
    """
    upper = text.upper()
    known = _TYPE_NUMBER.get(upper) or HARDLY_USED.get(upper)
    if known is not None:
        return known
    unnamed = _UNNAMED_TYPE.fullmatch(upper)
    if unnamed is None or int(unnamed[1]) > 0xFFFF:
        raise ValueError(
            f"{text!r} is not a record type: write A, AAAA, SRV and so on, or TYPE1234"
        )
    return int(unnamed[1])


def class_text(number: int) -> str:
    """Return the mnemonic of a CLASS, or `CLASS1234` if it has none (RFC 3597 section 5)."""
    return _CLASS_TEXT.get(number) or f"CLASS{number}"


def rcode_text(number: int) -> str:
    """Return the mnemonic of an RCODE, or its number if it has none."""
    return _RCODE_TEXT.get(number) or str(number)


def opcode_text(number: int) -> str:
    """Return the mnemonic of an OPCODE, or its number if it has none."""
    return _OPCODE_TEXT.get(number) or str(number)
