"""Plivo's account: are the credentials good, is there credit, do the senders belong to it?"""

import os
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

from reminderd.doctor import clocks
from reminderd.doctor.finding import Finding, fail, few, ok, skip, warn
from reminderd.doctor.scene import Scene
from reminderd.doctor.terms import config_of
from reminderd.document.scalars import Wrong
from reminderd.forecast import forecast
from reminderd.gateway.plivo import PlivoGateway
from reminderd.gateway.port import Account, Ownership, Probe
from reminderd.settings import read_token

PATIENCE = 60.0
AHEAD = timedelta(days=7)  # whose messages the credit should suffice for
LITTLE = 10.0  # USD, where the price of a message is not known
MOST_SENDERS = 10  # that Plivo is asked about
_LOOKED_AT = 20  # of a job's people: their texts say what all of them take
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_CONSOLE = "compare plivo.auth_id and the token with Plivo's console"
_GIVE = "give plivo.auth_id, and the token in a file or as systemd's credential"
_AS_ROOT = "run doctor as root, or with the daemon's environment"


def look(scene: Scene) -> Iterator[Finding]:
    """One question, and what its answer says of the credentials, the clock and the credit."""
    gateway = _gateway(scene)
    if isinstance(gateway, Finding):
        yield gateway
        return
    if scene.reached is False:
        gateway.close()
        yield skip("account", "there is no way to Plivo, see above")
        return
    with closing(gateway):
        asked = scene.clock.now()
        scene.probe = probe = gateway.probe()
        answered = scene.clock.now()
    yield _credentials(probe)
    if probe.status is not None:
        yield clocks.against(probe.date, asked, answered)
    if probe.account is not None:
        yield _credit(scene, probe.account)


def senders(scene: Scene) -> Iterator[Finding]:
    """Whose are they? Only of numbers this can be asked."""
    if scene.probe is None or not scene.probe.ok:
        yield skip("senders", "without a good answer about the account")
        return
    users = _users(scene)
    if without := [job.name for job in scene.catalog.jobs.values() if job.enabled and job.sender is None]:
        seen = f"{few(without)}: without a sender, so that each message will fail"
        yield fail("senders", seen, "set plivo.sender, or `sender` in the jobs")
    elif not users:
        yield skip("senders", "there is none yet", "set plivo.sender, or `sender` in the jobs")
    numbers = [each for each in users if _NUMBER.fullmatch(each)]
    if others := sorted(users.keys() - set(numbers)):
        yield skip("senders.names", f"{few(others)}: Plivo cannot be asked whose a name or a short code is")
    gateway = _gateway(scene)
    if not numbers or isinstance(gateway, Finding):
        return
    with closing(gateway):
        found = {number: gateway.owns(number) for number in numbers[:MOST_SENDERS]}
    yield from (_foreign(scene, number, answer, users[number]) for number, answer in found.items() if not answer.owned)
    if good := [number for number, answer in found.items() if answer.owned]:
        yield _own(good, found)
    if rest := numbers[MOST_SENDERS:]:
        yield skip("senders", f"{few(rest)}: only {MOST_SENDERS} are asked about")


def _gateway(scene: Scene) -> PlivoGateway | Finding:
    """Plivo, or why it cannot be asked."""
    plivo, file = scene.settings.plivo, scene.token_file
    token = plivo.auth_token
    try:
        if token is None and file is not None:
            token = read_token(file)
        if plivo.auth_id is None or token is None:
            if scene.running:
                return skip("account", "the daemon has credentials that cannot be seen here", _AS_ROOT)
            return fail("account", "there are no credentials", _GIVE)
        return PlivoGateway(config_of(scene.settings, token.get_secret_value()))
    except Wrong as error:
        if plivo.auth_token_file is None and not os.access(file or "", os.R_OK):
            return skip("account", f"{file} is for systemd, which hands it over", _AS_ROOT)
        return fail("account", str(error), _GIVE)
    except ValueError as error:
        return fail("account", str(error), "mend the setting")


def _credentials(probe: Probe) -> Finding:
    seen = f"Plivo answered {probe.evidence}" if probe.status is not None else probe.evidence
    match probe.status:
        case _ if probe.ok:
            return ok("account", "Plivo takes the credentials")
        case 401:
            return fail("account", f"{seen}: the credentials are wrong", _CONSOLE)
        case 402:
            return fail("account", f"{seen}: there is no credit", "charge the account in Plivo's console")
        case 407:
            return fail("account", f"{seen}: the proxy wants credentials of its own", "write them into plivo.proxy")
        case 429:
            return warn("account", f"{seen}: too many requests", "try again in a minute; what else uses this account?")
        case None:
            return fail("account", f"no answer: {seen}", "see the way to Plivo above, and try again")
        case status if status >= 500:
            return fail("account", f"{seen}: Plivo itself has trouble", "try again; see Plivo's status page")
        case _:
            return fail("account", seen, "see plivo.url and the proxy: is it Plivo that answers?")


def _credit(scene: Scene, account: Account) -> Finding:
    check, credit = "account.credit", account.credit
    trial = "; a trial account: only verified numbers get messages" if account.trial else ""
    if credit is None:
        return skip(check, "Plivo's answer does not say it")
    seen = f"{credit:,.2f} USD{trial}"
    if account.prepaid is False:
        return ok(check, f"{seen}; paid later")
    cost, why = _coming_cost(scene)
    if credit <= 0:
        return fail(check, f"{seen}: nothing can be sent", "charge the account in Plivo's console")
    if credit < cost and not account.auto_recharge:
        return warn(check, f"{seen}, less than {why}", "charge the account, or let Plivo recharge it by itself")
    if account.trial:
        return warn(check, seen, "charge the account to write to everybody")
    return ok(check, seen + ("; Plivo recharges it" if account.auto_recharge else f", more than {why}"))


def _coming_cost(scene: Scene) -> tuple[float, str]:
    """How much should be there, and why; by Plivo's prices, which are in USD."""
    plivo = scene.settings.plivo
    if plivo.price is None or plivo.currency != "USD":
        return LITTLE, f"{LITTLE:,.2f} USD"
    now = scene.clock.now()
    coming = (forecast(job, now, now + AHEAD, most=_LOOKED_AT) for job in scene.catalog.jobs.values())
    cost = round(sum(each.segments for each in coming) * plivo.price, 2)
    return cost, f"the {cost:,.2f} USD of the next {AHEAD.days} days"


def _users(scene: Scene) -> dict[str, list[str]]:
    """The senders, with the jobs that name them; the settings' own sender comes first."""
    found: dict[str, list[str]] = {scene.settings.plivo.sender: []} if scene.settings.plivo.sender else {}
    for job in scene.catalog.jobs.values():
        if job.sender is not None:
            found.setdefault(job.sender, []).append(job.name)
    return found


def _foreign(scene: Scene, number: str, answer: Ownership, jobs: list[str]) -> Finding:
    by = f" (of {few(jobs)})" if jobs else " (plivo.sender)"
    if answer.owned is None:
        return warn("senders", f"{number}{by}: could not be asked: {answer.evidence}", "try again")
    if (scene.settings.plivo.auth_id or "").startswith("SA"):
        seen = f"{number}{by} is not a number of this subaccount"
        return warn("senders", seen, "see whether its main account lends it: Plivo's console, Phone Numbers")
    return fail("senders", f"{number}{by} is not a number of this account", "rent it, or name one of Plivo's console")


def _own(good: list[str], found: dict[str, Ownership]) -> Finding:
    if mute := [number for number in good if found[number].sms is False]:
        return fail("senders", f"{few(mute)} cannot send text messages", "choose a number that is made for them")
    return ok("senders", f"{few(good)}: of this account")
