-- One service a symbol: it writes as long as it holds the symbol's lease. A lease that is not renewed in time may be
-- taken by another service, which raises its fence; what the former one still sends carries the old number and
-- is refused, however late it arrives.

create table leases (
  symbol text primary key,
  fence bigint not null,
  holder text not null,
  told text not null,
  taken_at timestamptz not null,
  expires_at timestamptz not null,
  -- The fence is part of a key: raising it waits for inserts under way that rest on it, renewing the lease does not.
  unique (symbol, fence)
);

comment on table leases is 'Which service writes a symbol, and until when it may be taken to be alive.';
comment on column leases.fence is 'Grows by one with every new holder. Every insert names it.';
comment on column leases.holder is 'Identity of a service: its host and data directory.';
comment on column leases.told is 'The holder, for people.';
comment on column leases.expires_at is 'By the database''s clock. Past it another service may take the lease; until one does, the holder may renew it.';

-- Does the caller still hold the leases of the symbols it inserts? True, or an error of SQLSTATE FT001. The rows
-- stay locked against being taken until the statement's transaction ends. p_fences: {"BTCUSDT": 12}; null: the caller
-- works without leases.
create function holds_leases(p_symbols text[], p_fences jsonb)
returns boolean
language plpgsql
as $$
declare
  wanted text;
begin
  if p_fences is null then
    return true;
  end if;
  for wanted in select distinct unnest(p_symbols) loop
    perform from leases
    where symbol = wanted and fence = (p_fences ->> wanted)::bigint
    for key share;
    if not found then
      raise exception 'the lease of % is held by another service', wanted
        using errcode = 'FT001', hint = 'The service that holds it writes these rows.';
    end if;
  end loop;
  return true;
end
$$;

comment on function holds_leases is 'Whether inserts that name these fences may be made; an error of SQLSTATE FT001 where one is outdated.';
