"""The control plane: migrations, functions, views and policies.

Migrations are frozen once released. Functions, views and policies are edited in place: `ops db migrate` applies them
again, in the order that reapply/ gives. shim/ makes what Supabase has and a plain PostgreSQL lacks; states.txt lists what was
released. A change also shows in tests/sql/catalog.txt, and a new function in tests/sql/matrix.txt.
"""
