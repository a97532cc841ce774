-- Accounts have all their words themselves, in an index of an expression: the planner tries a word on so many sampled rows, to
-- tell a rare one from a common one.
ALTER INDEX user_searched ALTER COLUMN 1 SET STATISTICS 1000;
