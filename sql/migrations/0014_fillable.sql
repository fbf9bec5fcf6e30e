-- A break whose missing stretch can never be known: where the exchange's clock went ahead, the seconds it left out hold
-- no event of any stream, whatever its history answers.

alter table disconnects add column if not exists fillable boolean not null default true;

comment on column disconnects.fillable is 'false: the stretch can never be known, so filled_at stays null.';
