from svcdns.dataplane.filter import FilterOptions
from svcdns.dataplane.nftables_entry import Entry, Shape
from svcdns.dataplane.nftables_listing import Contents, Listing, read_listing
from svcdns.dataplane.nftables_script import TABLE, chain_script, map_of, table_script
from svcdns.proxy.model import TCP, UDP, VirtualKey
from svcdns.wire.name import pack_address
from tests.support.nft_memory import NftMemory

OPTIONS = FilterOptions()
WEB = VirtualKey(TCP, pack_address("fd00:96::1"), 80)
DNS = VirtualKey(UDP, pack_address("fd00:96::1"), 53)
ROW, OTHER = (pack_address(f"fd01::{n}") + (8080).to_bytes(2) for n in (1, 2))


def kernel() -> NftMemory:
    made = NftMemory()
    made.run(table_script(16, OPTIONS))
    return made


def add(made: NftMemory, container: str, *elements: str) -> None:
    made.run(f"add element ip6 svcdns {container} {{ {', '.join(elements)} }}\n")


def contents(made: NftMemory) -> Contents:
    found = made.contents(16, TABLE)
    assert found is not None
    return found


def listed(made: NftMemory) -> Listing:
    return read_listing(contents(made), 16)


def test_entries_are_put_together_from_all_sets() -> None:
    made = kernel()
    made.run("\n".join(chain_script(16, Shape("plain", "random", 2, "tcp"), b"", OPTIONS)) + "\n")
    add(made, "services", "fd00:96::1 . tcp . 80 : goto plain-random-2-tcp")
    add(
        made,
        "servers-tcp",
        "fd00:96::1 . 80 . 1 : fd01::2 . 8080",
        "fd00:96::1 . 80 . 0 : fd01::1 . 8080",
        "fd00:96::1 . 80 . 32768 : fd01::2 . 8080",
    )
    add(made, "ranges", "fd00:96::1 . tcp . 80 . fd02::/64", "fd00:96::1 . tcp . 80 . fd01::7")
    add(made, "refused", "fd00:96::1 . udp . 53 : goto refuse")
    add(made, "addresses", "fd00:96::1")
    add(made, "hairpins", "fd01::1 . fd01::1")

    found = listed(made)

    ranges = ((pack_address("fd01::7"), 128), (pack_address("fd02::"), 64))
    assert found.entries == {
        WEB: Entry("plain-random-2-tcp", "", ROW + OTHER, OTHER, ranges),
        DNS: Entry(refusal="goto refuse"),
    }
    assert found.addresses == {WEB.address}
    assert found.hairpins == {ROW[:16]}
    assert contents(made).is_whole(OPTIONS)
    assert found.broken(16, OPTIONS) == frozenset()


def test_servers_that_take_turns_are_in_another_map_than_those_for_the_node() -> None:
    made = kernel()
    shape = Shape("plain", "rr", 1, "tcp", near=1, own="/fd00_96__1-80")
    made.run("\n".join(chain_script(16, shape, b"", OPTIONS)) + "\n")
    add(made, "services", f"fd00:96::1 . tcp . 80 : goto {shape.name}")
    add(made, map_of(shape), "fd00:96::1 . 80 . 0 : fd01::1 . 8080")
    add(made, "servers-tcp", "fd00:96::1 . 80 . 32768 : fd01::2 . 8080")

    assert listed(made).entries == {WEB: Entry(shape.name, "", ROW, OTHER)}


def test_a_number_that_is_missing_leaves_zeros() -> None:
    made = kernel()
    made.run("add chain ip6 svcdns plain-random-2-tcp\n")
    add(made, "services", "fd00:96::1 . tcp . 80 : goto plain-random-2-tcp")
    add(made, "servers-tcp", "fd00:96::1 . 80 . 1 : fd01::2 . 8080")

    found = listed(made)

    assert found.entries[WEB].servers == bytes(18) + OTHER
    assert found.broken(16, OPTIONS) == {"plain-random-2-tcp"}


def test_a_table_of_other_options_or_with_fewer_rules_is_not_whole() -> None:
    made = kernel()
    whole = contents(made)
    made.run("flush chain ip6 svcdns filter-input\n")

    assert whole.is_whole(OPTIONS)
    assert not whole.is_whole(FilterOptions(mark=1))
    assert not contents(made).is_whole(OPTIONS)


def test_sets_of_held_clients_are_counted_not_read() -> None:
    made = kernel()
    made.run("add set ip6 svcdns held/tcp-a-80/b-8080 { type ipv6_addr; }\n")

    assert listed(made).sets == {"held/tcp-a-80/b-8080"}
