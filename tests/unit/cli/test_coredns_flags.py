import pytest

from svcdns.cli.coredns_flags import translate


@pytest.mark.parametrize(
    ("coredns", "ours"),
    [
        pytest.param(
            "-conf /etc/coredns/Corefile", "--corefile /etc/coredns/Corefile", id="kubeadm"
        ),
        pytest.param("--conf Corefile", "--corefile Corefile", id="two dashes mean the same"),
        pytest.param("-conf=Corefile", "--corefile Corefile", id="value behind an equals sign"),
        pytest.param("-conf stdin", "--corefile stdin", id="standard input"),
        pytest.param("-dns.port 1053", "--port 1053", id="a dot in the name"),
        pytest.param("-dns.port=1053 -quiet", "--port 1053 --quiet", id="value and switch"),
        pytest.param("-p 1053", "--port 1053", id="short port"),
        pytest.param("-pidfile /run/p", "--pidfile /run/p", id="pidfile"),
        pytest.param("-plugins", "--plugins", id="plugins"),
        pytest.param("-version", "--version", id="version"),
        pytest.param("-quiet=true", "--quiet", id="switch said to be on"),
        pytest.param("-quiet=F", "", id="switch said to be off"),
        pytest.param(
            "-quiet=maybe", "--quiet=maybe", id="no truth value: for the parser to refuse"
        ),
        pytest.param("-conf -quiet", "--corefile -quiet", id="a value may look like a flag"),
        pytest.param("-conf", "--corefile", id="value missing: for the parser to refuse"),
        pytest.param("-nosuch x", "--nosuch x", id="unknown: named whole"),
        pytest.param("-h", "-h", id="one letter stays"),
        pytest.param("--manifests - -quiet", "--manifests - --quiet", id="ours among theirs"),
        pytest.param("--log-format json", "--log-format json", id="ours"),
        pytest.param("-quiet -- -conf x", "--quiet -- -conf x", id="nothing after two dashes"),
        pytest.param("extra words", "extra words", id="arguments"),
        pytest.param("---conf x", "---conf x", id="three dashes are no flag"),
    ],
)
def test_coredns_command_line_becomes_ours(coredns: str, ours: str) -> None:
    assert translate(coredns.split()) == ours.split()
