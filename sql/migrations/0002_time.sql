-- Exact conversions between timestamptz and integers. Each body is made of immutable strict functions only,
-- so the planner puts it in place of the call: `timestamptz + interval` would be stable (days and months depend
-- on the time zone), and every row would cost a function call.

drop function from_us(bigint);
drop function to_us(timestamptz);

create function us_of(ts timestamptz)
returns bigint
language sql
immutable strict parallel safe
return (extract(epoch from ts - timestamptz 'epoch') * 1000000)::bigint;

create function at_us(us bigint)
returns timestamptz
language sql
immutable strict parallel safe
return (timestamp 'epoch' + us * interval '1 microsecond') at time zone 'UTC';

create function at_sec(sec bigint)
returns timestamptz
language sql
immutable strict parallel safe
return (timestamp 'epoch' + sec * interval '1 second') at time zone 'UTC';

comment on function us_of is 'A timestamptz as microseconds since 1970-01-01 UTC, exactly.';
comment on function at_us is 'Microseconds since 1970-01-01 UTC as a timestamptz, exactly up to 2^53.';
comment on function at_sec is 'Seconds since 1970-01-01 UTC as a timestamptz, exactly.';
