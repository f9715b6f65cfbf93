-- Measures over time, for what only a series tells: at what pace the disk fills.

-- name: keep_sample
-- Keep one value of a measure.
-- params   measure text, value float8
-- returns  nothing
INSERT INTO operations.samples (measure, value) VALUES (cast(:measure AS text), cast(:value AS float8));

-- name: prune_samples
-- Remove what is older than that many days.
-- params   days int
-- returns  nothing
DELETE FROM operations.samples
WHERE sampled_at < clock_timestamp() - make_interval(days => cast(:days AS int));

-- name: trend
-- How a measure went over the last days: its slope a day, and the span of the samples.
-- params   measure text, days int
-- returns  samples int, per_day float8, span_days float8
SELECT
    cast(count(*) AS int) AS samples,
    regr_slope(value, extract(EPOCH FROM sampled_at) / 86400) AS per_day,
    cast(coalesce(extract(EPOCH FROM max(sampled_at) - min(sampled_at)), 0) / 86400 AS float8) AS span_days
FROM operations.samples
WHERE
    measure = cast(:measure AS text)
    AND sampled_at > clock_timestamp() - make_interval(days => cast(:days AS int));

-- name: forget_looks
-- Remove runs of an operation that began more than that many days ago.
-- params   verb text, days int
-- returns  nothing
DELETE FROM operations.runs
WHERE verb = cast(:verb AS text) AND began_at < clock_timestamp() - make_interval(days => cast(:days AS int));
