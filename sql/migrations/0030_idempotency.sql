-- Answers to changing requests that named a key of their own, so that one sent twice is done once.

create table idempotency_keys (
  actor text not null,
  key text not null check (length(key) between 1 and 100),
  request_sha256 text not null check (request_sha256 ~ '^[0-9a-f]{64}$'),
  begun_at timestamptz not null default now(),
  status integer check (status between 200 and 499),
  content_type text,
  body text,
  primary key (actor, key)
);

comment on table idempotency_keys is 'Requests with an Idempotency-Key, and their answers, for a day.';
comment on column idempotency_keys.actor is 'Whose key of the service it was asked with: keys of two callers never meet.';
comment on column idempotency_keys.request_sha256 is 'Of method, path, query and body.';
comment on column idempotency_keys.status is 'Null while it is under way.';

create index idempotency_keys_begun on idempotency_keys (begun_at);
