-- TimescaleDB's function, for a server without it: whole buckets counted from the same origin.

create function time_bucket(bucket_width interval, ts timestamptz)
returns timestamptz
language sql
immutable strict parallel safe
return date_bin(bucket_width, ts, timestamptz '2000-01-03 00:00:00+00');
