-- record_promotion_failure takes whose fault it was since; a second one beside it would be ambiguous.
drop function if exists ops.record_promotion_failure(uuid, int, text);
