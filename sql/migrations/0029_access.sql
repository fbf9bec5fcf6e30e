-- Who may change something, and what was changed. Keys are kept as hashes. The audit is a chain: a row holds the hash of the
-- one before it, is never changed, and is written in the transaction of the change it tells of, by triggers on the
-- tables that hold what persons and jobs ask for, so that no way to change something goes past it.

create table api_keys (
  key_id text primary key check (key_id ~ '^[a-z0-9]{10}$'),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  role text not null check (role in ('viewer', 'client', 'operator', 'admin')),
  name text not null check (length(name) between 1 and 100),
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  last_used_at timestamptz,
  check ((revoked_at is null) = (revoked_by is null))
);

comment on table api_keys is 'Keys of callers. The key itself was shown once and is nowhere.';
comment on column api_keys.key_id is 'The part of the key by which it is found; no secret.';
comment on column api_keys.sha256 is 'Of the whole key.';
comment on column api_keys.role is 'Each may do what those before it may.';
comment on column api_keys.last_used_at is 'To the minute or so; null before its first use.';

create table audit (
  seq bigint primary key check (seq > 0),
  at timestamptz not null,
  actor text not null,
  action text not null,
  target text not null,
  details jsonb not null,
  prev_hash text not null check (prev_hash ~ '^[0-9a-f]{64}$'),
  hash text not null check (hash ~ '^[0-9a-f]{64}$')
);

comment on table audit is 'Every change that was asked for, and what was refused. "bun run audit verify" names a row that was altered or is missing.';
comment on column audit.seq is 'From 1, without gaps.';
comment on column audit.actor is 'Who: a person, a key, or the service by itself.';
comment on column audit.action is 'e.g. models.promote, deployments.start, keys.revoke, refused.';
comment on column audit.target is 'What it was done to.';
comment on column audit.prev_hash is 'hash of the row before it; 64 zeros in the first.';
comment on column audit.hash is 'sha256 of prev_hash and the row as audit_text gives it.';

create table audit_head (
  one boolean primary key default true check (one),
  seq bigint not null,
  hash text not null
);

comment on table audit_head is 'The newest row of audit, so that rows missing at its end are noticed.';

insert into audit_head (seq, hash) values (0, repeat('0', 64));

create function audit_text(p_seq bigint, p_at timestamptz, p_actor text, p_action text, p_target text, p_details jsonb)
returns text
language sql
stable
as $$
  select jsonb_build_array(
    p_seq, to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), p_actor, p_action, p_target, p_details
  )::text
$$;

comment on function audit_text is 'A row of audit as it is hashed.';

create function audit_append(p_actor text, p_action text, p_target text, p_details jsonb)
returns bigint
language plpgsql
as $$
declare
  before audit_head;
  next_seq bigint;
  next_at timestamptz;
  next_hash text;
begin
  -- One row at a time, until the transaction has ended: the chain has no forks.
  perform pg_advisory_xact_lock(hashtextextended('foretick audit', 0));
  select * into strict before from audit_head;
  next_seq := before.seq + 1;
  next_at := clock_timestamp();
  next_hash := encode(
    sha256(convert_to(
      before.hash || audit_text(next_seq, next_at, p_actor, p_action, p_target, p_details), 'UTF8'
    )),
    'hex'
  );
  insert into audit (seq, at, actor, action, target, details, prev_hash, hash)
  values (next_seq, next_at, p_actor, p_action, p_target, p_details, before.hash, next_hash);
  update audit_head set seq = next_seq, hash = next_hash;
  return next_seq;
end
$$;

comment on function audit_append is 'Adds a row to audit, in the caller''s transaction.';

create function refuse_rewriting()
returns trigger
language plpgsql
as $$
begin
  raise exception '% is only added to: % is refused', tg_table_name, lower(tg_op)
    using errcode = 'restrict_violation';
end
$$;

comment on function refuse_rewriting is 'Trigger of tables that only grow.';

create trigger audit_immutable
before update or delete on audit
for each row execute function refuse_rewriting();

create trigger audit_kept
before truncate on audit
for each statement execute function refuse_rewriting();

create trigger audit_head_kept
before delete on audit_head
for each row execute function refuse_rewriting();

-- Deferred, so that the chain is held only while a transaction commits, and after whatever else it holds.
create function audit_change()
returns trigger
language plpgsql
as $$
declare
  made jsonb := to_jsonb(new);
  step jsonb;
begin
  case tg_argv[0]
    when 'models' then
      perform audit_append(
        made ->> 'actor', 'models.' || (made ->> 'action'), made ->> 'version',
        jsonb_strip_nulls(made - array['actor', 'action', 'version', 'at'])
      );
    when 'deployments' then
      step := made -> 'steps' -> -1;
      perform audit_append(
        step ->> 'actor', 'deployments.' || case tg_op when 'INSERT' then 'start' else step ->> 'step' end,
        made ->> 'version',
        jsonb_strip_nulls(jsonb_build_object(
          'deployment_id', made -> 'deployment_id', 'symbol', step -> 'symbol', 'share', step -> 'share',
          'strategy', made -> 'strategy', 'status', made -> 'status', 'forced', made -> 'forced',
          'reason', made -> 'reason'
        ))
      );
    when 'experiments' then
      perform audit_append(
        coalesce(made ->> 'ended_by', made ->> 'requested_by'),
        case when made ->> 'ended_at' is null then 'experiments.start' else 'experiments.end' end,
        made ->> 'name',
        jsonb_strip_nulls(jsonb_build_object(
          'experiment_id', made -> 'experiment_id', 'symbol', made -> 'symbol', 'a', made -> 'a', 'b', made -> 'b',
          'reason', made -> 'reason', 'winner', made -> 'winner', 'because', made -> 'ended_because'
        ))
      );
    when 'training' then
      perform audit_append(
        coalesce(made ->> 'cancelled_by', made ->> 'requested_by'),
        case when made ->> 'cancelled_by' is null then 'training.request' else 'training.cancel' end,
        made ->> 'symbol',
        jsonb_build_object('job_id', made -> 'job_id', 'reason', made -> 'reason')
      );
    when 'alerts' then
      perform audit_append(
        made ->> 'silenced_by', 'alerts.silence', made ->> 'rule', jsonb_build_object('until', made -> 'until')
      );
    when 'keys' then
      perform audit_append(
        coalesce(made ->> 'revoked_by', made ->> 'created_by'),
        case when made ->> 'revoked_at' is null then 'keys.create' else 'keys.revoke' end,
        made ->> 'key_id',
        jsonb_strip_nulls(jsonb_build_object(
          'name', made -> 'name', 'role', made -> 'role', 'expires_at', made -> 'expires_at'
        ))
      );
  end case;
  return null;
end
$$;

comment on function audit_change is 'Trigger: writes what was changed into audit.';

create constraint trigger model_events_audited
after insert on model_events deferrable initially deferred
for each row execute function audit_change('models');

create constraint trigger deployments_audited
after insert on deployments deferrable initially deferred
for each row execute function audit_change('deployments');

create constraint trigger deployments_stepped_audited
after update on deployments deferrable initially deferred
for each row when (old.steps is distinct from new.steps) execute function audit_change('deployments');

create constraint trigger experiments_audited
after insert on experiments deferrable initially deferred
for each row execute function audit_change('experiments');

create constraint trigger experiments_ended_audited
after update on experiments deferrable initially deferred
for each row when (old.ended_at is null and new.ended_at is not null) execute function audit_change('experiments');

create constraint trigger training_jobs_audited
after insert on training_jobs deferrable initially deferred
for each row execute function audit_change('training');

create constraint trigger training_jobs_cancelled_audited
after update on training_jobs deferrable initially deferred
for each row when (old.cancelled_by is null and new.cancelled_by is not null) execute function audit_change('training');

create constraint trigger alert_silences_audited
after insert or update on alert_silences deferrable initially deferred
for each row execute function audit_change('alerts');

create constraint trigger api_keys_audited
after insert on api_keys deferrable initially deferred
for each row execute function audit_change('keys');

create constraint trigger api_keys_revoked_audited
after update on api_keys deferrable initially deferred
for each row when (old.revoked_at is null and new.revoked_at is not null) execute function audit_change('keys');
