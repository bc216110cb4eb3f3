"""What must hold whatever the answers and the log say: compared with the ledger, which knows every text."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.support.daemon import Home
from tests.support.sandbox import SENDER, SandboxProcess, sdk_client

FAST = "plivo: {rate: 0, read_timeout: 1s, deadline: 2s, reconcile: [0s, 1s, 3s]}\n"


def check_promise(sandbox: SandboxProcess, *homes: Home, resent: Iterable[str] = ()) -> dict[str, str]:
    """Check what must hold at the end; returns the states by text. resent: texts that may be there twice."""
    taken = Counter(message["text"] for message in sandbox.ledger())
    names = {message["message_uuid"] for message in sandbox.ledger()}
    states, owners = {}, Counter[str]()
    for home in homes:
        for row in home.history():
            states[row["text"]] = row["state"]
            if row["state"] == "accepted":
                assert taken[row["text"]], f"accepted, and never taken: {row}"
                assert row["message_uuid"] in names, row
                owners[row["message_uuid"]] += 1
            else:
                _check_visible(home, row)
    assert set(owners.values()) <= {1}, f"one message_uuid for several deliveries: {owners}"
    twice = {text for text in states if taken[text] > 1} - set(resent)
    assert not twice, f"sent twice: {twice}"
    return states


def _check_visible(home: Home, row: dict[str, Any]) -> None:
    """Who looks finds what is in doubt, and what to do about it."""
    assert row["state"] == "in_doubt", row
    assert f"reminderd resolve {row['id']}" in home.log()
    assert f"reminderd resolve {row['id']} --sent" in home.run("why", str(row["id"])).out
    assert home.json("status")["deliveries"]["in_doubt"] >= 1


def another_program(sandbox: SandboxProcess, *phones: str, src: str = SENDER) -> list[str]:
    """What some other program of the account sends: one message to each phone, by the unchanged SDK; their uuids."""
    client = sdk_client(sandbox.url)
    return [
        client.messages.create(src=src, dst=phone, text=f"From elsewhere, {number}.").message_uuid[0]
        for number, phone in enumerate(phones)
    ]
