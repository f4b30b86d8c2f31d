-- Drops the functions that the state made neither anew nor over: they are of no file any more, or older signatures.
select pg_temp.drop_functions(array(
    select f.id from pg_temp.own_functions() as f
    join pg_temp.ops_functions_before as b on b.id = f.id and b.row_version = f.row_version
));
drop function pg_temp.make_function(text, text), pg_temp.refuse_namesakes(text[]), pg_temp.drop_functions(oid[]);
drop function pg_temp.make_room(text[]);
drop function pg_temp.own_functions(), pg_temp.older_objects();
