-- When each limited kind of call may next be made, over all workers of all processes. A caller reserves
-- its slot by moving next_at on, in one statement and by this database's clock (db/rate-limiter.ts).
create table ops.rate_limits (
    -- What is limited, in the words of whoever asks: an account, a method, a kind of record.
    key text primary key,
    next_at timestamptz not null,
    blocked_until timestamptz,
    -- Counts the blocks: a slot reserved before the last one is void.
    epoch integer not null default 0
);
