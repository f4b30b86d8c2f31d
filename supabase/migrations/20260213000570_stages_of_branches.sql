-- branch_stage takes the patterns of stagings since; a second signature beside it would be ambiguous.
drop function if exists ops.branch_stage(text, text);
