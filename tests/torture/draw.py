"""Draw a plan from a seed. Nothing else is random in a run."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.torture import calls
from tests.torture.files import STEADY, FileSpec, Flaw, JobSpec, Person, Slot
from tests.torture.plan import (
    Action,
    AddFault,
    ClearFaults,
    Configure,
    Edit,
    Edits,
    End,
    EndSandbox,
    Forget,
    Hide,
    How,
    Pause,
    Plan,
    Prune,
    Put,
    Remove,
    Rename,
    Rival,
    Round,
    Run,
    SetClock,
    StartSandbox,
    Step,
    Text,
    Witness,
)

_FILLERS = ("", "", "", " " + "x" * 200, " läßt grüßen 日本")
_MOST_FILES = 24

_FAULTS = (
    "reset=before,count={n}",
    "reset=after,count={n}",
    "reset=after,probability=0.2,seed={n},count=20",
    "close=before,count={n}",
    "close=after,count={n}",
    "status=503,count={n}",
    "status=500,accept=true,count={n}",
    "status=502,body=html,count={n}",
    "status=400,count={n}",
    "status=401,count=1",
    "status=402,count=1",
    "status=429,header=Retry-After: 1,count={n}",
    "hang=20s,count={n}",
    "hang=20s,accept=true,count={n}",
    "truncate,count={n}",
    "garbage,count={n}",
    "garbage,accept=false,count={n}",
    "empty,count={n}",
    "wrong=no-uuid,count={n}",
    "dribble=5ms,count={n}",
    "latency=800ms,count=20",
    "redirect=http://127.0.0.1:9/,count={n}",
    "status=500,on=log,count={n}",
    "reset=before,on=log,count={n}",
    "garbage,on=log,count={n}",
    "latency=700ms,on=log,count={n}",
    "status=429,on=log,header=Retry-After: 2,count=1",
    "status=500,on=account,count={n}",
    "ends=failed,code=420,after=0s,count={n}",
    "ends=failed,code=420,after=1s,count={n}",
    "ends=undelivered,code=30,after=0s,count={n}",
    "reset=after,ends=failed,code=420,count=1",
)

_TEXTS = ("STOP", "Stop!", "cancel", "START", "start", "yes", "unstop", "help", "when? läßt grüßen")

_COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("history",),
    ("history", "--json", "--limit", "0"),
    ("history", "--state", "in_doubt"),
    ("list",),
    ("next",),
    ("check",),
    ("reload",),
    ("reload",),
    ("why", "{any}"),
    ("why", "{any}"),
    ("retry", "{failed}", "--valid-for", "1m"),
    ("retry", "{missed}", "--valid-for", "1m"),
    ("retry", "{any}"),
    ("cancel", "{pending}"),
    ("cancel", "{pending}"),
    ("resolve", "{doubt}", "{word}"),
    ("resolve", "{doubt}", "{word}"),
    ("resolve", "{doubt}", "{word}", "--force"),
    ("resolve", "{any}", "--sent"),
    ("approve", "{hold}", "--yes"),
    ("approve", "{hold}", "--yes"),
    ("run", "--dry-run", "--once"),
    ("plan",),
)
# What keeps messages back, or lets them go.
_OVERRIDES = (
    ("pause", "{job}", "--why", "a test"),
    ("pause", "{job}", "--why", "a test", "--until", "3s"),
    ("pause", "--all", "--why", "a test", "--until", "2s"),
    ("resume", "{paused}"),
    ("resume", "{paused}"),
    ("hold", "{pending}", "--why", "a test"),
    ("hold", "{pending}", "--why", "a test", "--until", "4s"),
    ("release", "{held}"),
    ("opt-out", "add", "{phone}"),
    ("opt-out", "remove", "{out}"),
    ("opt-out", "remove", "{out}"),
    ("opt-out", "add", "{phone}"),
    ("opt-out", "list"),
)


def draw(seed: int, rounds: int, jobs: int, *, clock: bool = True) -> Plan:
    """The plan of a seed. jobs: how many one-off jobs there will be, about. clock: with a clock that jumps."""
    return _Drawing(random.Random(seed), clock).plan(seed, rounds, jobs)


class _Drawing:
    """The files as they will be, while the plan is drawn."""

    def __init__(self, choose: random.Random, clock: bool) -> None:
        self._choose = choose
        self._clock = clock
        self._phones = choose.choice((12, 60, 300))
        self._files: dict[str, FileSpec] = {}
        self._numbers = 0
        self._hidden = False
        self._offset = 0
        self._jobs_a_round = 1.0
        self._quiet = 0.0  # the share of jobs with quiet hours, whose end takes a minute to come
        self._reach = 8.0  # how far ahead times lie at most, in seconds; at the end they must all have come

    def plan(self, seed: int, rounds: int, jobs: int) -> Plan:
        choose = self._choose
        self._jobs_a_round = jobs / max(1, rounds)
        self._reach = min(8.0, 2 + rounds / 5)
        self._quiet = 0.15 if rounds >= 10 else 0.0
        threads, rate = choose.randint(2, 8), choose.choice((0, 0, 20))
        latency, lag = choose.choice(("20ms", "150ms", "300ms")), choose.choice(("0s", "0s", "500ms", "3s"))
        start = Edits((self._put(STEADY, FileSpec(self._steady())), self._put("010-jobs.yaml", FileSpec(self._new(8)))))
        drawn = tuple(self._round() for _ in range(rounds))
        last = Edits(tuple(self._mended(path) for path in sorted(self._files)))
        settled = Edits((self._put(STEADY, FileSpec(())),))
        return Plan(seed, threads, rate, latency, lag, start, drawn, last, settled)

    # -- one daemon's life ------------------------------------------------------------------------------

    def _round(self) -> Round:
        choose = self._choose
        from_launch = choose.random() < 0.2
        lasts = choose.uniform(0, 0.9) if from_launch else choose.choice((0.3, 0.8, 1.5, 3.0)) * choose.random()
        if not from_launch and choose.random() < 0.03:
            lasts += 6.5  # long enough for a clock to be believed again, and for the last look into the log
        steps = [Step(lasts * choose.random(), action) for action in self._happenings(choose.randint(1, 3))]
        steps += self._new_jobs(lasts)
        steps += self._timed(lasts)
        steps += self._set_right(lasts)
        steps = _by_time(steps)
        down = tuple(self._happenings(1)) if choose.random() < 0.2 else ()
        down += tuple(self._fading())
        down_for = choose.uniform(0, 2.5) if choose.random() < 0.1 else 0.0
        end = choose.choices(tuple(End), (80, 5, 10, 5))[0]
        return Round(tuple(steps), lasts, end, from_launch, down, down_for)

    def _fading(self) -> list[Action]:
        """What goes while nobody runs."""
        choose = self._choose
        found: list[Action] = [Prune()] if choose.random() < 0.12 else []
        return [*found, Forget(choose.random())] if choose.random() < 0.08 else found

    def _new_jobs(self, lasts: float) -> list[Step]:
        share = self._jobs_a_round
        number = int(share) + (self._choose.random() < share - int(share))
        if not number:
            return []
        return [Step(lasts * self._choose.random(), Edits((self._add(self._new(number)),)))]

    def _happenings(self, number: int) -> list[Action]:
        """What can happen at any time, also while nobody runs."""
        kinds: tuple[tuple[int, Callable[[], Action | None]], ...] = (
            (9, self._edit),
            (4, self._fault),
            (1, ClearFaults),
            (10, self._run),
            (5, self._text),
            (1, self._set_clock),
            (1, self._hide),
        )
        made = self._choose.choices([make for _, make in kinds], [weight for weight, _ in kinds], k=number)
        return [action for make in made if (action := make()) is not None]

    def _timed(self, lasts: float) -> list[Step]:
        """What needs a daemon, or takes a while."""
        choose, found = self._choose, []
        if choose.random() < 0.25:
            found.append(Step(lasts * choose.random(), Witness()))
        if choose.random() < 0.06:
            found.append(Step(lasts * choose.random(), Rival()))
        if choose.random() < 0.08:
            found.append(Step(lasts * choose.random(), Pause(choose.choice((0.05, 0.5, 4.0)) * choose.random())))
        if choose.random() < 0.06:
            found.append(Step(lasts * choose.random(), Configure(choose.randint(2, 8), choose.choice((0, 20)))))
        if choose.random() < 0.06:
            gone = lasts * choose.random()
            found.append(Step(gone, EndSandbox(kill=choose.random() < 0.5)))
            found.append(Step(gone + (lasts - gone) * choose.random(), StartSandbox()))
        return found

    def _set_right(self, lasts: float) -> list[Step]:
        """What keeps everything from being sent does not last long, or little else would be tried."""
        choose, found = self._choose, []
        if self._hidden and choose.random() < 0.4:
            found.append(Step(lasts * choose.random(), self._hide()))
        if self._offset and choose.random() < 0.3 and (right := self._set_clock()):
            found.append(Step(lasts * choose.random(), right))
        if choose.random() < 0.3:  # most often there is none to approve
            found.append(Step(lasts, Run(("approve", "{hold}", "--yes"), choose.random())))
        if choose.random() < 0.3:
            found.append(Step(lasts, Run(("resume", "{paused}"), choose.random())))
        if choose.random() < 0.1:
            found.append(Step(lasts * choose.random(), ClearFaults()))
        return found

    def _fault(self) -> Action:
        return AddFault(self._choose.choice(_FAULTS + calls.FAULTS).format(n=self._choose.randint(1, 4)))

    def _run(self) -> Action:
        words = self._choose.choice(_OVERRIDES if self._choose.random() < 0.45 else _COMMANDS)
        return Run(words, self._choose.random(), self._choose.random() < 0.1)

    def _text(self) -> Action:
        return Text(self._choose.choice(_TEXTS), self._choose.random())

    def _hide(self) -> Action:
        self._hidden = not self._hidden
        return Hide(self._hidden)

    def _set_clock(self) -> Action | None:
        choose = self._choose
        if not self._clock:
            return None
        if self._offset:
            self._offset = 0
        else:
            self._offset = choose.choice((-1, 1)) * choose.choice(
                (choose.randint(60, 280), choose.randint(400, 18_000))
            )
        return SetClock(self._offset, synchronised=choose.random() < (0.3 if self._offset else 0.6))

    # -- the files --------------------------------------------------------------------------------------

    def _put(self, path: str, spec: FileSpec) -> Put:
        self._files[path] = spec
        return Put(path, spec, self._choose.choice(tuple(How)))

    def _edit(self) -> Action | None:
        """One of the things that people do to files. While the directory is away nobody edits in it."""
        if self._hidden:
            return self._hide()
        makers = (
            self._reword,
            self._reword,
            self._reword_rules,
            self._more_times,
            self._fewer_people,
            self._truncate,
            self._more_people,
            self._toggle,
            self._rename_job,
            self._move_job,
            self._drop_job,
            self._rename_file,
            self._break,
            self._break,
            self._mend,
            self._mend,
            self._remove_file,
            self._checkout,
        )
        changes = self._choose.choice(makers)()
        return Edits(tuple(changes)) if changes else None

    def _steady(self) -> tuple[JobSpec, ...]:
        """Rules that stay as long as the run, so that each of their occurrences must be found."""
        wanted = (("all", "1h", 7), ("latest", "30s", 11), ("none", "1h", 9), ("all", "10s", 13))
        return tuple(
            JobSpec(f"steady-{number}", self._people(1), every=every, catch_up=catch_up, valid_for=valid_for)
            for number, (catch_up, valid_for, every) in enumerate(wanted)
        )

    def _new(self, number: int) -> tuple[JobSpec, ...]:
        return tuple(self._new_job() for _ in range(number))

    def _new_job(self) -> JobSpec:
        choose = self._choose
        self._numbers += 1
        listed = choose.random() < 0.2
        return JobSpec(
            f"job-{self._numbers}",
            self._people(choose.choice((3, 11)) if listed else choose.choice((1, 1, 2, 3))),
            self._slots(choose.choice((1, 1, 2, 3))),
            filler=choose.choice(_FILLERS),
            valid_for=choose.choice(("8s", "20s", "2m", "1h", "6h")),
            catch_up=choose.choice(("latest", "latest", "all", "none")),
            on_doubt=choose.choice(("wait", "wait", "wait", "resend")),
            retry=choose.choice((("1s", "2s", "4s"), ("2s",), ())),
            enabled=choose.random() < 0.95,
            own=choose.random() < 0.2,
            listed=listed,
            quiet=self._slots(1)[0] if choose.random() < self._quiet else None,
            drop=choose.random() < 0.3,
            splay=choose.choice(("0s", "0s", "0s", "3s")),
            undelivered=choose.choice(("fail", "retry")),
        )

    def _slots(self, number: int) -> tuple[Slot, ...]:
        """Some past, most in a moment."""
        first = self._numbers * 100
        self._numbers += 1
        return tuple(Slot(first + each, self._choose.triangular(-4, self._reach, 1)) for each in range(number))

    def _people(self, number: int) -> tuple[Person, ...]:
        phones = self._choose.sample(range(self._phones), number)
        people = [Person(phone) for phone in phones]
        if self._choose.random() < 0.1:
            people = [Person(phones[0], "a"), Person(phones[0], "b"), *people[1:]]
        return tuple(people)

    def _add(self, jobs: tuple[JobSpec, ...]) -> Put:
        """To a new file or an old one; a broken one is mended with it, or stays broken."""
        paths = self._ordinary()
        if len(paths) < 4 or (len(paths) < _MOST_FILES and self._choose.random() < 0.5):
            return self._put(self._new_path(), FileSpec(jobs))
        path = self._choose.choice(paths)
        spec = self._files[path]
        return self._put(path, FileSpec(spec.jobs + jobs, spec.flaw if self._choose.random() < 0.5 else Flaw.NONE))

    def _new_path(self) -> str:
        self._numbers += 1
        return f"{self._numbers:05d}.{self._choose.choice(('yaml', 'yml'))}"

    def _ordinary(self) -> list[str]:
        return sorted(path for path in self._files if path != STEADY)

    def _any_job(self) -> tuple[str, JobSpec] | None:
        found = [(path, job) for path in self._ordinary() for job in self._files[path].jobs]
        recent = found[-30:]
        return self._choose.choice(recent) if recent else None

    def _change(self, change: Callable[[JobSpec], JobSpec]) -> list[Edit]:
        """Change one job where it stands."""
        found = self._any_job()
        if found is None:
            return []
        path, job = found
        spec = self._files[path]
        jobs = tuple(change(each) if each is job else each for each in spec.jobs)
        return [self._put(path, replace(spec, jobs=jobs))]

    def _reword(self) -> list[Edit]:
        return self._change(lambda job: replace(job, revision=job.revision + 1, filler=self._choose.choice(_FILLERS)))

    def _reword_rules(self) -> list[Edit]:
        spec = self._files[STEADY]
        return [self._put(STEADY, FileSpec(tuple(replace(job, revision=job.revision + 1) for job in spec.jobs)))]

    def _more_times(self) -> list[Edit]:
        return self._change(lambda job: replace(job, slots=job.slots + self._slots(1)))

    def _fewer_people(self) -> list[Edit]:
        return self._change(lambda job: replace(job, people=job.people[:-1]) if len(job.people) > 1 else job)

    def _truncate(self) -> list[Edit]:
        """A list is cut off near its beginning."""
        long = [(path, job) for path in self._ordinary() for job in self._files[path].jobs if len(job.people) > 9]
        if not long:
            return []
        path, job = self._choose.choice(long[-5:])
        jobs = tuple(replace(each, people=each.people[:2]) if each is job else each for each in self._files[path].jobs)
        return [self._put(path, replace(self._files[path], jobs=jobs))]

    def _more_people(self) -> list[Edit]:
        def one_more(job: JobSpec) -> JobSpec:
            taken = {person.phone for person in job.people}
            free = [phone for phone in range(self._phones) if phone not in taken]
            return replace(job, people=(*job.people, Person(self._choose.choice(free)))) if free else job

        return self._change(one_more)

    def _toggle(self) -> list[Edit]:
        return self._change(lambda job: replace(job, enabled=not job.enabled))

    def _rename_job(self) -> list[Edit]:
        self._numbers += 1
        return self._change(lambda job: replace(job, name=f"job-{self._numbers}"))

    def _drop_job(self) -> list[Edit]:
        found = self._any_job()
        if found is None:
            return []
        path, job = found
        spec = self._files[path]
        return [self._put(path, replace(spec, jobs=tuple(each for each in spec.jobs if each is not job)))]

    def _move_job(self) -> list[Edit]:
        """From one file to another, in either order; what was broken is mended with it."""
        found, paths = self._any_job(), self._ordinary()
        if found is None or len(paths) < 2:
            return []
        path, job = found
        other = self._choose.choice([each for each in paths if each != path])
        left = FileSpec(tuple(each for each in self._files[path].jobs if each is not job))
        changes = [self._put(path, left), self._put(other, FileSpec((*self._files[other].jobs, job)))]
        return list(changes if self._choose.random() < 0.5 else reversed(changes))

    def _rename_file(self) -> list[Edit]:
        good = [path for path in self._ordinary() if self._files[path].flaw is Flaw.NONE]
        if not good:
            return []
        old, new = self._choose.choice(good), self._new_path()
        self._files[new] = self._files.pop(old)
        return [Rename(old, new)]

    def _break(self) -> list[Edit]:
        paths = self._ordinary()
        if not paths:
            return []
        path = self._choose.choice(paths)
        flaw = self._choose.choice([flaw for flaw in Flaw if flaw is not Flaw.NONE])
        return [self._put(path, replace(self._files[path], flaw=flaw))]

    def _mend(self) -> list[Edit]:
        broken = [path for path in self._ordinary() if self._files[path].flaw is not Flaw.NONE]
        if not broken:
            return []
        path = self._choose.choice(broken)
        return [self._put(path, replace(self._files[path], flaw=Flaw.NONE))]

    def _mended(self, path: str) -> Put:
        jobs = tuple(replace(job, enabled=True) for job in self._files[path].jobs)
        return self._put(path, FileSpec(jobs))

    def _remove_file(self) -> list[Edit]:
        paths = self._ordinary()
        if len(paths) < 4:
            return []
        path = self._choose.choice(paths)
        del self._files[path]
        return [Remove(path)]

    def _checkout(self) -> list[Edit]:
        """Several files at once: some reworded, one gone and back, one new."""
        changes: list[Edit] = [*self._reword(), *self._mend(), *self._rename_file(), *self._reword()]
        found = self._choose.choice(self._ordinary())
        changes += [Remove(found), self._put(found, self._files[found])]
        return changes


def _by_time(steps: Sequence[Step]) -> list[Step]:
    """The steps by their time; but what is done to the files stays in the order in which it was drawn, since each edit is
    drawn of what the one before leaves."""
    edits = iter([step.action for step in steps if isinstance(step.action, Edits | Hide)])
    timed = sorted(steps, key=lambda step: step.at)
    return [Step(step.at, next(edits)) if isinstance(step.action, Edits | Hide) else step for step in timed]
