-- What staff search messages by is an index of an expression. So that the planner tells a rare word from a common one,
-- it tries the word on so many sampled rows.
ALTER INDEX notification_searched ALTER COLUMN 1 SET STATISTICS 1000;
