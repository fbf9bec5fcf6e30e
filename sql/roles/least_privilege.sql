-- Three roles with no more rights than each needs: foretick_owner migrates, foretick_service runs, foretick_reader
-- looks. Run once in the database, by a superuser, before the first `bun run migrate`; see docs/database.md.

create role foretick_owner login;
create role foretick_service login noinherit;
create role foretick_reader login;

grant usage, create on schema public to foretick_owner;
grant usage on schema public to foretick_service, foretick_reader;

-- What the owner makes from now on is the others' to use.
alter default privileges for role foretick_owner in schema public
grant select, insert, update, delete on tables to foretick_service;
alter default privileges for role foretick_owner in schema public
grant select on tables to foretick_reader;

-- The queue of trainings has a schema of its own, which its library lays out.
create schema foretick_queue authorization foretick_owner;
grant usage on schema foretick_queue to foretick_service;
alter default privileges for role foretick_owner in schema foretick_queue
grant select, insert, update, delete on tables to foretick_service;

-- Only with TimescaleDB's community licence: continuous aggregates are refreshed, and old chunks converted and
-- dropped, by their owner. The service takes that role for these two connections and for nothing else.
grant foretick_owner to foretick_service;
