"""What the second migration adds: where the state belongs, what it knew of the clocks and of zone rules, and look-ups."""

TABLES = """
create table origin (
    id integer primary key check (id = 1),
    state_id text not null,        -- names this state and all copies of it
    host text,                     -- where it was last used
    marked integer not null default 0 -- whether a mark lies on that host
);
insert into origin (id, state_id) values (1, lower(hex(randomblob(16))));

-- The last reading of the clocks that was believed: of the wall clock, of the one that counts, and of which boot.
alter table daemon add column clock_wall text;
alter table daemon add column clock_boottime real;
alter table daemon add column clock_boot text;

create table zone_rules (
    zone text primary key,
    since text not null,
    until text not null,
    offsets text not null,         -- JSON: [[from, seconds east of UTC], ...], the first from `since`
    noted_at text not null
);

create table shifts (
    id integer primary key,
    job text not null references jobs (name),
    zone text not null,
    nominal text not null,         -- the first occurrence that moved
    was_due_at text not null,
    due_at text not null,
    noted_at text not null
);

create table lookups (
    id integer primary key,
    delivery_id integer not null references deliveries (id),
    attempt_id integer references attempts (id),
    at text not null,
    finding text not null
);
create index lookups_of_delivery on lookups (delivery_id);

drop view report_holds;
alter table holds rename to holds_before;
create table holds (
    id integer primary key,
    kind text not null check (kind in ('removal', 'clock', 'cursor', 'restored')),
    reason text not null,
    detail text not null,          -- JSON
    opened_at text not null,
    closed_at text,
    closed_by text,
    approved integer not null default 0
);
insert into holds select id, kind, reason, detail, opened_at, closed_at, closed_by, approved from holds_before;
drop table holds_before;
create unique index holds_open on holds (kind) where closed_at is null;

create view report_holds as
select id, kind, reason, detail, opened_at, closed_at, closed_by, approved from holds;

create view report_lookups as
select l.id, l.delivery_id, d.job, l.at, l.finding from lookups l join deliveries d on d.id = l.delivery_id;

create view report_shifts as
select id, job, zone, nominal, was_due_at, due_at, noted_at from shifts;
"""
