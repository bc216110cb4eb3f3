"""What the third migration adds: the files of jobs, quiet hours, reports, and what operators say beside the files."""

TABLES = """
-- A job's version includes the files that it reads: their last good content, by digest, and who uses them.
create table files (
    digest text primary key,
    content blob not null
);
create table job_files (
    job text not null references jobs (name),
    path text not null,
    digest text not null references files (digest),
    primary key (job, path)
);
create index job_files_by_digest on job_files (digest);

-- Occurrences that are planned in part only: further deliveries are still to be born.
create table unfinished (
    job text not null references jobs (name),
    zone text not null,
    nominal text not null,
    primary key (job, zone)
);

drop view report_holds;
alter table holds rename to holds_before;
create table holds (
    id integer primary key,
    kind text not null check (kind in ('removal', 'recipients', 'clock', 'cursor', 'restored', 'limit', 'delivery')),
    key text not null default '',  -- what it is about, where several of a kind may be open
    reason text not null,
    detail text not null,          -- JSON
    opened_at text not null,
    opened_by text not null default 'daemon',
    until text,                    -- when it ends by itself
    closed_at text,
    closed_by text,
    approved integer not null default 0
);
insert into holds (id, kind, reason, detail, opened_at, closed_at, closed_by, approved)
select id, kind, reason, detail, opened_at, closed_at, closed_by, approved from holds_before;
drop table holds_before;
create unique index holds_open on holds (kind, key) where closed_at is null;
create view report_holds as
select id, kind, key, reason, detail, opened_at, opened_by, until, closed_at, closed_by, approved from holds;

-- In which zone its own nominal time is meant, where that is not the occurrence's.
alter table deliveries add column zone text;
alter table deliveries add column hold_id integer references holds (id);
alter table deliveries add column drill integer not null default 0;
alter table deliveries add column quiet_hours text;
alter table deliveries add column quiet_zone text;
alter table deliveries add column on_quiet text not null default 'wait';
-- The coming quiet period, or the one that goes on.
alter table deliveries add column quiet_from text;
alter table deliveries add column quiet_until text;
alter table deliveries add column on_undelivered text not null default 'fail';
alter table deliveries add column receipt_code integer;
alter table deliveries add column receipt_at text;
alter table deliveries add column receipt_step integer not null default 0;
-- When Plivo is asked for its report next; null: not any more.
alter table deliveries add column receipt_due_at text;
create index deliveries_held on deliveries (hold_id) where hold_id is not null;
create index deliveries_quiet on deliveries (quiet_from) where state = 'pending' and quiet_from is not null;
create index deliveries_receipts on deliveries (receipt_due_at) where receipt_due_at is not null;

-- Reports, for those who count the bad ones of a day.
create index deliveries_reported on deliveries (receipt_at) where receipt_at is not null;

alter table attempts add column receipt text;
alter table attempts add column receipt_code integer;
alter table attempts add column receipt_at text;

create table overrides (
    id integer primary key,
    kind text not null check (kind in ('pause', 'skip')),
    job text,                      -- null: every job
    nominal text,                  -- of the occurrence that is skipped
    who text not null,
    why text not null,
    since text not null,
    until text,                    -- when it ends by itself
    ended_at text,
    ended_by text,
    check ((kind = 'skip') = (nominal is not null))
);
create unique index overrides_open on overrides (kind, coalesce(job, ''), coalesce(nominal, '')) where ended_at is null;

create table opt_outs (
    phone text not null,
    sender text not null default '', -- empty: whoever sends
    since text not null,
    who text not null,
    source text not null check (source in ('operator', 'plivo', 'inbound')),
    why text not null,
    primary key (phone, sender)
);

drop view report_deliveries;
create view report_deliveries as
select d.id, d.job, o.nominal, coalesce(d.zone, o.zone) as zone, d.due_at, d.name as recipient_name, d.phone, d.sender,
       d.text, d.encoding, d.segments, d.state, d.reason, d.attempts, d.message_uuid, d.receipt, d.receipt_code,
       d.receipt_at, d.not_before, d.valid_until, d.quiet_from, d.quiet_until, d.hold_id, d.drill, d.withdrawn,
       d.job_file, d.job_line, d.created_at, d.updated_at
from deliveries d join occurrences o on o.id = d.occurrence_id;
drop view report_attempts;
create view report_attempts as
select a.id, a.delivery_id, d.job, d.phone, a.number, a.token, a.claimed_at, a.begun_at, a.finished_at, a.outcome, a.status,
       a.evidence, a.message_uuid, a.uuid_from, a.receipt, a.receipt_code, a.receipt_at
from attempts a join deliveries d on d.id = a.delivery_id;
create view report_overrides as
select id, kind, job, nominal, who, why, since, until, ended_at, ended_by from overrides;
create view report_opt_outs as
select phone, sender, since, who, source, why from opt_outs;
"""
