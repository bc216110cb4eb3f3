"""What the fourth migration adds: signs of life, alerts, and the memory of what is no longer kept."""

TABLES = """
-- What ran, when, and how it ended: of the loop one row that is kept current, of other tasks one for each run.
create table heartbeats (
    id integer primary key,
    task text not null check (task in ('loop', 'reload', 'reconcile', 'prune', 'backup')),
    node text not null,
    started_at text not null,
    finished_at text,              -- of the loop: its last good pass that was noted; of others: null while they run
    status text not null check (status in ('running', 'ok', 'failed')),
    detail text not null default ''
);
create index heartbeats_of_task on heartbeats (task, id);
create unique index heartbeats_loop on heartbeats (node) where task = 'loop';

-- What needs someone, from when to when, and whether they have been told of both: when all of them were, and by which
-- ways, with a space between two. gone_at: since when it is not seen any more, while it is open.
create table alerts (
    id integer primary key,
    name text not null,
    summary text not null,
    opened_at text not null,
    told_at text,
    over_at text,
    over_told_at text,
    told_by text not null default '',
    over_told_by text not null default '',
    gone_at text
);
create unique index alerts_open on alerts (name) where over_at is null;

create view report_heartbeats as
select id, task, node, started_at, finished_at, status, detail from heartbeats;
create view report_alerts as
select id, name, summary, opened_at, told_at, over_at, over_told_at, told_by, over_told_by, gone_at from alerts;

-- What was in rows that are no longer kept, as digests by a key of this state's own: nothing of it is ever owed anew
-- (docs/decisions/0024-what-is-no-longer-kept.md).
create table remembering (
    id integer primary key check (id = 1),
    key blob not null
);
insert into remembering (id, key) values (1, randomblob(32));
create table remembered (
    digest blob primary key        -- of (job, nominal, recipient); of an occurrence, or of one in one zone; of a message_uuid
) without rowid;
create table remembered_texts (
    digest blob not null,          -- of (phone, due_at, text) of a message that was accepted
    occurrence blob not null,      -- the digest of that message's own occurrence
    primary key (digest, occurrence)
) without rowid;

-- What is no longer in the row: `text`, its text and name; `forgotten`, everything about its recipient.
alter table deliveries add column erased text check (erased in ('text', 'forgotten'));
create index deliveries_whole on deliveries (due_at) where erased is null;

-- So that the rows can go: their foreign keys are looked up.
create index moves_of_attempt on moves (attempt_id) where attempt_id is not null;
create index lookups_of_attempt on lookups (attempt_id) where attempt_id is not null;

drop view report_deliveries;
create view report_deliveries as
select d.id, d.job, o.nominal, coalesce(d.zone, o.zone) as zone, d.due_at, d.name as recipient_name, d.phone, d.sender,
       d.text, d.encoding, d.segments, d.state, d.reason, d.attempts, d.message_uuid, d.receipt, d.receipt_code,
       d.receipt_at, d.not_before, d.valid_until, d.quiet_from, d.quiet_until, d.hold_id, d.drill, d.withdrawn,
       d.job_file, d.job_line, d.created_at, d.updated_at, d.erased
from deliveries d join occurrences o on o.id = d.occurrence_id;
"""

TRIGGERS = (
    # What is planned stays the sum of the states.
    """
    create trigger deliveries_pruned after delete on deliveries begin
        update occurrences set planned = planned - 1, accepted = accepted - (old.state = 'accepted')
        where id = old.occurrence_id;
    end
    """,
)
