"""The tables, triggers and views that the state began with."""

from reminderd.model import State

_STATES = ", ".join(f"'{state}'" for state in State)

TABLES = f"""
create table jobs (
    name text primary key,
    file text not null,
    line integer not null,
    definition text not null,      -- canonical JSON: the last good version, run while the file is broken
    digest text not null,
    zone text not null,
    enabled integer not null,
    present integer not null,      -- declared in the catalog that runs now
    held integer not null default 0, -- runs on only because its removal waits for approval
    first_loaded_at text not null,
    loaded_at text not null,       -- when this version was first loaded
    absent_since text
);

create table cursors (
    job text not null references jobs (name),
    zone text not null,
    planned_until text not null,
    primary key (job, zone)
);

create table problems (
    position integer primary key,
    file text not null, line integer not null, "column" integer not null,
    path text not null, message text not null, hint text not null
);

create table occurrences (
    id integer primary key,
    job text not null references jobs (name),
    nominal text not null,         -- the time as the schedule means it: local, or with Z
    zone text not null,
    due_at text not null,
    planned integer not null,      -- how many deliveries
    accepted integer not null default 0,
    skipped integer not null default 0, -- a summary row: so many occurrences up to this one were not sent
    first_accepted_at text,
    last_accepted_at text,
    created_at text not null,
    unique (job, nominal)
);

create table deliveries (
    id integer primary key,
    occurrence_id integer not null references occurrences (id),
    job text not null references jobs (name),
    job_file text not null,
    job_line integer not null,
    due_at text not null,
    recipient text not null,       -- phone, or phone#key; * in a summary row
    phone text,
    name text,
    sender text,
    text text,
    encoding text,
    segments integer,
    state text not null check (state in ({_STATES})),
    -- why, who and on what evidence it came into this state; a trigger copies them into `moves`
    reason text not null,
    who text not null default 'daemon',
    evidence text,
    attempt_id integer,
    attempts integer not null default 0,
    retries_used integer not null default 0,
    retry_delays text not null,    -- JSON list of seconds
    on_doubt text not null,
    valid_for integer not null,
    not_before text not null,
    valid_until text not null,
    withdrawn text,                -- why the job or recipient no longer wants it; null while it does
    reconcile_step integer not null default 0,
    reconcile_at text,
    message_uuid text,
    receipt text,
    created_at text not null,
    updated_at text not null,
    unique (occurrence_id, recipient),
    check (state not in ('pending', 'sending', 'in_doubt') or (phone is not null and text is not null))
);
create index deliveries_pending on deliveries (valid_until, id) where state = 'pending';
create index deliveries_waiting on deliveries (not_before) where state = 'pending';
create index deliveries_sending on deliveries (phone) where state = 'sending';
create index deliveries_in_doubt on deliveries (reconcile_at) where state = 'in_doubt';
create index deliveries_of_job on deliveries (job, due_at);
create index deliveries_unsettled on deliveries (job) where state in ('pending', 'sending', 'in_doubt');
create index deliveries_withdrawn on deliveries (job) where withdrawn is not null;
create index deliveries_by_due on deliveries (due_at, state);
create index deliveries_by_phone on deliveries (phone, due_at);

create table attempts (
    id integer primary key,
    delivery_id integer not null references deliveries (id),
    number integer not null,
    token text not null unique,
    claimed_at text not null,
    lease_until text not null,
    begun_at text,                 -- committed just before the request; null: no byte of it was written
    finished_at text,
    outcome text check (outcome in ('accepted', 'refused', 'not_sent', 'not_begun', 'in_doubt')),
    status integer,
    evidence text,
    message_uuid text unique,
    uuid_from text check (uuid_from in ('answer', 'callback', 'log', 'operator')),
    unique (delivery_id, number)
);

create index attempts_in_doubt on attempts (delivery_id) where outcome = 'in_doubt' and message_uuid is null;

create table legal_moves (
    from_state text not null,      -- empty: birth
    to_state text not null,
    primary key (from_state, to_state)
);

create table moves (
    id integer primary key,
    delivery_id integer not null references deliveries (id),
    attempt_id integer references attempts (id),
    at text not null,
    from_state text not null,
    to_state text not null,
    reason text not null,
    who text not null,
    evidence text,
    foreign key (from_state, to_state) references legal_moves (from_state, to_state)
);
create index moves_of_delivery on moves (delivery_id);

create table holds (
    id integer primary key,
    kind text not null check (kind in ('removal', 'clock', 'cursor')),
    reason text not null,
    detail text not null,          -- JSON
    opened_at text not null,
    closed_at text,
    closed_by text,
    approved integer not null default 0
);
create unique index holds_open on holds (kind) where closed_at is null;

create table actions (
    id integer primary key,
    at text not null,
    who text not null,
    action text not null,
    target text not null,
    detail text not null
);

create table gateway (
    id integer primary key check (id = 1),
    suspended_since text,
    suspended_until text,
    reason text,
    level integer not null default 0,
    refusal text,                  -- the refusal given to several phones in a row, and to whom
    refused_phones text not null default '[]'
);
insert into gateway (id) values (1);

create table daemon (
    id integer primary key check (id = 1),
    pid integer, host text, version text,
    started_at text, alive_at text, stopped_at text,
    catalog_digest text, catalog_loaded_at text
);
insert into daemon (id) values (1);
"""

# Each change of a state is a row of `moves`, whoever makes it; its foreign key refuses what is not a legal move.
TRIGGERS = (
    """
    create trigger deliveries_birth after insert on deliveries begin
        insert into moves (delivery_id, at, from_state, to_state, reason, who, evidence)
        values (new.id, new.created_at, '', new.state, new.reason, new.who, new.evidence);
        update occurrences set planned = planned + 1 where id = new.occurrence_id;
    end
    """,
    """
    create trigger deliveries_move after update of state on deliveries when old.state <> new.state begin
        insert into moves (delivery_id, attempt_id, at, from_state, to_state, reason, who, evidence)
        values (new.id, new.attempt_id, new.updated_at, old.state, new.state, new.reason, new.who, new.evidence);
    end
    """,
    """
    create trigger deliveries_accepted after update of state on deliveries
    when old.state <> new.state and new.state = 'accepted' begin
        update occurrences set accepted = accepted + 1, first_accepted_at = coalesce(first_accepted_at, new.updated_at),
            last_accepted_at = new.updated_at where id = new.occurrence_id;
    end
    """,
    """
    create trigger deliveries_not_accepted after update of state on deliveries
    when old.state = 'accepted' and new.state <> 'accepted' begin
        update occurrences set accepted = accepted - 1 where id = new.occurrence_id;
    end
    """,
)

VIEWS = """
create view report_deliveries as
select d.id, d.job, o.nominal, o.zone, d.due_at, d.name as recipient_name, d.phone, d.sender, d.text, d.encoding,
       d.segments, d.state, d.reason, d.attempts, d.message_uuid, d.receipt, d.not_before, d.valid_until, d.withdrawn,
       d.job_file, d.job_line, d.created_at, d.updated_at
from deliveries d join occurrences o on o.id = d.occurrence_id;

create view report_attempts as
select a.id, a.delivery_id, d.job, d.phone, a.number, a.token, a.claimed_at, a.begun_at, a.finished_at, a.outcome, a.status,
       a.evidence, a.message_uuid, a.uuid_from
from attempts a join deliveries d on d.id = a.delivery_id;

create view report_moves as
select m.id, m.delivery_id, d.job, m.at, m.from_state, m.to_state, m.reason, m.who, m.evidence
from moves m join deliveries d on d.id = m.delivery_id;

create view report_occurrences as
select o.id, o.job, o.nominal, o.zone, o.due_at, o.planned, o.accepted, o.skipped, o.first_accepted_at,
       o.last_accepted_at
from occurrences o;

create view report_jobs as
select j.name, j.file, j.line, j.zone, j.enabled, j.present, j.held, j.first_loaded_at, j.loaded_at, j.absent_since
from jobs j;

create view report_holds as
select id, kind, reason, detail, opened_at, closed_at, closed_by, approved from holds;

create view report_actions as
select id, at, who, action, target, detail from actions;
"""
