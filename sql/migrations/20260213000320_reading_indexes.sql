-- What people ask the views at length: the newest deployments of a project wherever they went, the newest run of an
-- environment, and what a preview was made of.
create index deployments_of_project_idx on ops.deployments (project_id, created_at desc);
create index run_lineage_partition_idx on ops.run_lineage (partition_key, created_at desc)
where partition_key is not null;
drop index ops.run_requests_environment_idx;
create index run_requests_environment_idx on ops.run_requests (environment_id, run_number desc)
where environment_id is not null;
