"""Is the wall clock right, as far as this machine and Plivo's can tell?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from reminderd.doctor.finding import Finding, fail, ok, skip, warn
from reminderd.doctor.scene import Scene
from reminderd.duration import format_duration

# Whoever is further off sends at a moment that people notice; the daemon's own hold begins at five minutes.
NOTICED, WRONG = timedelta(seconds=5), timedelta(minutes=5)
_SECOND = timedelta(seconds=1)  # that an answer's date is cut to
_SET = "set up a time service (systemd-timesyncd, chrony) and look with `timedatectl`"


def synchronised(scene: Scene) -> Iterator[Finding]:
    """What the kernel says."""
    if scene.clock.synchronised():
        yield ok("clock", "the kernel calls it synchronised")
    else:
        yield warn("clock", "the kernel calls it not synchronised", _SET)


def against(date: datetime | None, asked: datetime, answered: datetime) -> Finding:
    """Our clock against the date of an answer that was asked for and came at these times of ours."""
    if date is None:
        return skip("clock.plivo", "the answer has no date")
    # It was written between the two, and its second may have been almost over.
    distance = max(date - answered, asked - (date + _SECOND), timedelta(0))
    if distance <= NOTICED:
        return ok("clock.plivo", "agrees with the date of Plivo's answer")
    ahead = "ahead of" if date < asked else "behind"
    seen = f"our clock is {format_duration(distance)} {ahead} the date of Plivo's answer"
    return (fail if distance > WRONG else warn)("clock.plivo", seen, _SET)
