-- Three kinds of runs that work beside deployments: they read backups and replace no database. What uses the values is
-- made by the state of the functions, which PostgreSQL reads only once this transaction has ended.
alter type ops.run_kind add value if not exists 'verify';
alter type ops.run_kind add value if not exists 'retention';
alter type ops.run_kind add value if not exists 'compare';
