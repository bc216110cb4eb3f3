"""Write a state of the schema of this checkout: `python -m tests.states.make`, once for each schema that is released.

It has a delivery in each state, a job on each kind of schedule, a cancelled recipient, an open hold, and a claim that died.
"""

import gzip
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from reminderd.model import InDoubt, NotSent, Refused
from tests.support.world import ANNA, BERT, CARA, World, job

HERE = Path(__file__).parent


def fill(world: World) -> None:
    """Live for an hour and a half, from 08:00 on 2027-03-01, and die with two requests under way."""
    world.sync()
    world.load("rent.yaml", job(cron="0 9 * * *", to=[ANNA, BERT], message="Rent for {{ recipient.phone }}."))
    world.load("call.yaml", job(at="2027-03-01T08:10", to=[CARA], valid_for="20m"))
    world.load("water.yaml", job(every="30m", start="2027-03-01T08:05Z", to=[ANNA], retry=["10m"]))
    world.load("past.yaml", job(at="2027-02-01T08:10", to=[BERT]))
    world.load("broken.yaml", job(cron="30 7 * * *", to=[BERT], message="{{ 1 / (occurrence.local_time.hour - 7) }}"))
    world.gateway.script += [NotSent("connection refused"), InDoubt("reset"), Refused(400, "no")]
    world.go_to("08:40")
    world.load("rent.yaml", job(cron="0 9 * * *", to=[ANNA, BERT], message="Rent, {{ recipient.phone }}."))
    world.go_to("09:00")
    world.load("late.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT, CARA], message="At nine."))
    world.plan()
    world.load("late.yaml", job(at="2027-03-01T09:00", to=[ANNA, BERT], message="At nine."))
    for number in range(10):
        world.write(f"many-{number}.yaml", job(cron="0 12 * * *", message=f"Number {number}."))
    world.sync()
    world.store.opt_outs.add(CARA, "", "make", "operator", "asked", world.clock.now())
    world.store.overrides.pause("rent", None, "make", "a look first", world.clock.now())
    world.clock.advance(timedelta(minutes=20))
    world.delete(*(f"many-{number}.yaml" for number in range(10)))
    claims = world.store.deliveries.claim(2, world.clock.now(), timedelta(seconds=90), ["dead-1", "dead-2"])
    world.store.deliveries.begin(claims[:1], world.clock.now())
    world.kill()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        fill(world)
        with closing(sqlite3.connect(world.path)) as state:
            state.execute("pragma wal_checkpoint(truncate)")
            name = state.execute("select name from _sqlite_migrations order by name desc limit 1").fetchone()[0]
            print(state.execute("select state, count(*) from deliveries group by state").fetchall())
            print(state.execute("select name, present, held from jobs").fetchall())
        target = HERE / f"{name[1:5]}.db.gz"
        target.write_bytes(gzip.compress(world.path.read_bytes(), mtime=0))
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main()
