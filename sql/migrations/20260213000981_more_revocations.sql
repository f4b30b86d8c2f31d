-- It now takes away invitations, exceptions, names and rules as well, and returns how many of each.
drop function if exists ops.carry_revocations(uuid[], uuid[], jsonb, jsonb);
