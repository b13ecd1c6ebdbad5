-- The ledger, completed: a step that names no rows_after kept every row, and one that names no
-- rows_changed changed just the rows that it dropped. A source that was undone leaves no gap in the steps.
CREATE OR REPLACE TABLE processed.ledger AS
SELECT source, row_number() OVER (ORDER BY step)::INTEGER AS step, name, rule, rows_before, coalesce(rows_after, rows_before) AS rows_after,
       coalesce(rows_changed, rows_before - rows_after, 0)::BIGINT AS rows_changed
FROM processed.ledger
ORDER BY step;
