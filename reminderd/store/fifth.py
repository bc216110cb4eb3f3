"""What the fifth migration adds: what Plivo reports by itself, what people write back, and reminders of the API."""

# Of a delivery, that Plivo reported it as not delivered.
NOT_DELIVERED = (
    "rtrim(substr(receipt, 1, instr(receipt || ' ', ' ') - 1), ';') in ('undelivered', 'failed', 'rejected')"
)

TABLES = f"""
-- What Plivo says of a message beside its report: by callbacks (their Sequence that counted last, and how many came) or when
-- asked. parts: the segments that it charges for; charged: millionths of a US dollar, for all of them; queued_at, sent_at: its times.
alter table attempts add column callback_sequence integer;
alter table attempts add column callbacks integer not null default 0;
alter table attempts add column parts integer;
alter table attempts add column charged integer;
alter table attempts add column mcc text;
alter table attempts add column mnc text;
alter table attempts add column queued_at text;
alter table attempts add column sent_at text;
-- What of all that says that a carrier had it, in words; null: nothing. It stays, whatever is said later.
alter table attempts add column carried text;
-- Of a report that is for good: heard, while what follows from it is still to be done; final.
alter table attempts add column receipt_stage text check (receipt_stage in ('heard', 'final'));
create index attempts_heard on attempts (id) where receipt_stage = 'heard';

-- The attempt that Plivo took, as it says by itself, while the delivery is in a state from which it cannot be accepted (yet).
alter table deliveries add column proven_by integer;

-- What people wrote to one of our numbers; `sender` is that number, as jobs name it.
create table inbound (
    id integer primary key,
    message_uuid text not null unique, -- Plivo's name for it: what comes again is the same message
    received_at text not null,
    written_at text,               -- as far as Plivo was asked
    phone text,                    -- null: forgotten
    sender text not null,
    text text,                     -- null: no longer kept
    media integer not null,        -- how many pictures and such came with it
    intent text not null check (intent in ('stop', 'start', 'help', 'other')),
    result text not null           -- what came of it, in words
);
create index inbound_by_phone on inbound (phone, received_at);
create index inbound_by_time on inbound (received_at);
create index inbound_with_text on inbound (received_at) where text is not null;

-- Reminders that were made through the API. Their files are the truth; this is what tells them from the files of others,
-- and a repeated request from a new one. A row is there before its file, and says that it goes before it goes.
create table reminders (
    id integer primary key,
    name text not null,            -- of the job
    file text not null,
    digest text not null,          -- SHA-256 of the file as it was written
    key_digest text,               -- of who asked and of the Idempotency-Key
    request_digest text not null,
    who text not null,
    created_at text not null,
    written_at text,               -- null: whether the file is there is not known yet
    deleted_at text,               -- when somebody wanted it gone
    deleted_by text,
    removed_at text                -- when the file was gone for that
);
create unique index reminders_key on reminders (key_digest) where key_digest is not null;
create unique index reminders_live on reminders (name) where deleted_at is null;
create index reminders_by_name on reminders (name);
create index reminders_unsettled on reminders (id) where written_at is null or (deleted_at is not null and removed_at is null);

-- So that a list of deliveries is quick, whatever it is narrowed by.
drop index deliveries_by_due;
create index deliveries_by_time on deliveries (due_at);
create index deliveries_by_state on deliveries (state, due_at);
create index deliveries_not_delivered on deliveries (due_at) where {NOT_DELIVERED};

drop view report_attempts;
create view report_attempts as
select a.id, a.delivery_id, d.job, d.phone, a.number, a.token, a.claimed_at, a.begun_at, a.finished_at, a.outcome, a.status,
       a.evidence, a.message_uuid, a.uuid_from, a.receipt, a.receipt_code, a.receipt_at, a.callbacks, a.parts, a.charged,
       a.mcc, a.mnc, a.queued_at, a.sent_at
from attempts a join deliveries d on d.id = a.delivery_id;
create view report_inbound as
select id, message_uuid, received_at, written_at, phone, sender, text, media, intent, result from inbound;
create view report_reminders as
select id, name, file, who, created_at, deleted_at, deleted_by from reminders;
"""
