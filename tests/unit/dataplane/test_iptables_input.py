from svcdns.dataplane.iptables_input import Input
from svcdns.dataplane.iptables_rules import SharedRule, VirtualRules

OLD = VirtualRules({"A": ("-j B",), "GONE": ("-j B",)}, (SharedRule("nat", "SERVICES", "-j A"),))
NEW = VirtualRules({"A": ("-j C",)}, (SharedRule("filter", "CLOSED", "-j DROP"),))


def test_names_come_before_rules_and_deletions_last() -> None:
    made = Input()
    made.put_virtual(OLD, NEW)

    assert made.text().splitlines() == [
        "*nat",
        ":A - [0:0]",
        ":GONE - [0:0]",
        "-A A -j C",
        "-D SVCDNS-SERVICES -j A",
        "-X GONE",
        "COMMIT",
        "*filter",
        "-A SVCDNS-CLOSED -j DROP",
        "COMMIT",
    ]


def test_shared_rules_that_stay_are_left_alone() -> None:
    made = Input()
    made.put_virtual(OLD, OLD._replace(chains={}))

    assert "SERVICES" not in made.text()


def test_a_jump_goes_to_the_top() -> None:
    made = Input()
    made.put_jump(("filter", "INPUT", "CLOSED", "-m conntrack --ctstate NEW"))

    assert "-I INPUT 1 -m conntrack --ctstate NEW -j SVCDNS-CLOSED" in made.text()


def test_no_change_is_nothing_to_do() -> None:
    made = Input()
    assert not made

    made.put_chain("nat", "A")

    assert made
