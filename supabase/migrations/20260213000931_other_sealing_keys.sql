-- It asks now whether values that are sealed for another key are given up.
drop function if exists ops.record_sealing_key(bytea);
