"""The installed unit against the shipped one: what is weaker is said, and what only adds limits is not."""

from pathlib import Path

import pytest

from reminderd.doctor.finding import Grade
from reminderd.doctor.unit import _user, against_shipped, credentials
from reminderd.doctor.unittext import _FREE, differences, read_unit
from reminderd.shipped import shipped_unit

SHIPPED = shipped_unit()
LINES = [
    f"{key}={value}"
    for key, values in read_unit(SHIPPED).items()
    if key not in _FREE
    for value in values
    if f"\n{key}={value}\n" in SHIPPED
]


def installed(drop_in: str = "", unit: str = SHIPPED) -> str:
    """As `systemctl cat` shows a unit with a drop-in."""
    return (
        f"# /etc/systemd/system/reminderd.service\n{unit}\n"
        f"# /etc/systemd/system/reminderd.service.d/override.conf\n[Service]\n{drop_in}\n"
    )


def seen(text: str) -> list[str]:
    return [each.seen for each in differences(SHIPPED, text)]


def test_the_shipped_unit_is_as_shipped() -> None:
    assert seen(installed()) == []
    assert [finding.grade for finding in against_shipped(installed())] == [Grade.OK]


def test_hardening_was_found_in_the_shipped_unit() -> None:
    assert len(LINES) > 25
    assert "ProtectSystem=strict" in LINES


@pytest.mark.parametrize("line", LINES)
def test_each_line_that_is_missing_is_said(line: str) -> None:
    (finding,) = against_shipped(installed(unit=SHIPPED.replace(f"\n{line}\n", "\n", 1)))
    assert finding.grade is Grade.WARN
    assert line.partition("=")[0] in finding.seen
    assert line.partition("=")[0] in finding.do


@pytest.mark.parametrize(
    ("drop_in", "said"),
    [
        ("ProtectSystem=full", "ProtectSystem=full"),
        ("ProtectSystem=no", "ProtectSystem=no"),
        ("ProtectHome=read-only", "ProtectHome=read-only"),
        ("PrivateTmp=", "PrivateTmp="),
        ("PrivateTmp=false", "PrivateTmp=false"),
        ("NoNewPrivileges=0", "NoNewPrivileges=0"),
        ("ProtectProc=default", "ProtectProc=default"),
        ("CapabilityBoundingSet=CAP_NET_ADMIN", "CapabilityBoundingSet also allows CAP_NET_ADMIN"),
        ("RestrictAddressFamilies=AF_NETLINK", "RestrictAddressFamilies also allows AF_NETLINK"),
        ("RestrictAddressFamilies=", "RestrictAddressFamilies also allows everything"),
        ("SystemCallFilter=@mount", "SystemCallFilter also allows @mount"),
        ("SystemCallFilter=", "SystemCallFilter= allows everything"),
        ("SystemCallFilter=\nSystemCallFilter=@system-service", "SystemCallFilter lacks ~@privileged @resources"),
        ("UMask=0022", "UMask=0022"),
        ("ReadWritePaths=/srv", "ReadWritePaths=/srv gives more than was shipped"),
        ("AmbientCapabilities=CAP_SYS_ADMIN", "AmbientCapabilities also allows CAP_SYS_ADMIN"),
        ("SupplementaryGroups=docker", "SupplementaryGroups=docker gives more than was shipped"),
        ("Type=simple", "Type=simple"),
        ("Restart=no", "Restart=no"),
    ],
)
def test_what_a_drop_in_takes_away_is_said(drop_in: str, said: str) -> None:
    assert seen(installed(drop_in)) == [said]


def test_what_the_settings_have_the_daemon_write_is_meant() -> None:
    text = installed("ReadWritePaths=/var/lib/figures\nReadWritePaths=-/srv")
    assert [each.seen for each in differences(SHIPPED, text, {"/var/lib/figures", "/srv"})] == []
    assert [each.seen for each in differences(SHIPPED, text, {"/srv"})] == [
        "ReadWritePaths=/var/lib/figures gives more than was shipped"
    ]


@pytest.mark.parametrize("drop_in", ["WatchdogSec=0", "WatchdogSec=", "WatchdogSec=infinity"])
def test_a_unit_without_a_watchdog_is_said(drop_in: str) -> None:
    assert seen(installed(drop_in)) == ["no watchdog: a loop that hangs is not seen"]


def test_the_file_that_systemd_hands_over_is_named_where_it_is_missing_or_empty(tmp_path: Path) -> None:
    token = tmp_path / "plivo-token"
    unit = installed(f"LoadCredential=\nLoadCredential=plivo-token:{token}")
    (missing,) = credentials(unit)
    assert (missing.check, missing.grade, str(token) in missing.seen) == ("unit.credentials", Grade.FAIL, True)
    token.touch()
    assert [(each.grade, each.seen) for each in credentials(unit)] == [(Grade.FAIL, f"{token} is empty")]
    token.write_text("x")
    assert [each.grade for each in credentials(unit)] == [Grade.OK]
    assert list(credentials(installed("LoadCredential="))) == []


@pytest.mark.parametrize("text", ["User=root", "User=", "User=0"])
def test_a_unit_of_roots_is_said(text: str) -> None:
    assert _user(installed(text)).seen == "the daemon runs as root"


@pytest.mark.parametrize(
    "drop_in",
    [
        "MemoryMax=256M\nTasksMax=64\nCPUQuota=20%\nNice=5",
        "IPAddressDeny=any\nIPAddressAllow=localhost",
        "SystemCallFilter=~@mount",
        "CapabilityBoundingSet=",
        "NoNewPrivileges=true",
        "ProtectHome=on",
        "ProtectSystem = strict",
        "InaccessiblePaths=/srv",
        "Environment=HTTPS_PROXY=http://proxy.example:3128",
        "TimeoutStopSec=300",
        "RestrictAddressFamilies=\nRestrictAddressFamilies=AF_INET AF_UNIX",
        "ExecStart=\nExecStart=/opt/elsewhere/bin/reminderd run",
    ],
)
def test_what_only_adds_limits_or_moves_things_is_fine(drop_in: str) -> None:
    assert seen(installed(drop_in)) == []


def test_a_unit_is_read_as_systemd_reads_it() -> None:
    text = """
    # a comment
    [Unit]
    PrivateTmp=no
    [Service]
    ; another
    SystemCallFilter = @one \\
        @two
    SystemCallFilter=~@three
    Environment=A=b
    Environment=
    Environment=C=d
    """
    assert read_unit(text) == {"SystemCallFilter": ["@one  @two", "~@three"], "Environment": ["", "C=d"]}
