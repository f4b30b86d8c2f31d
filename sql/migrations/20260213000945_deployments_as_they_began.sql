-- A page of the history asks for each deployment which one it replaced, which read all earlier ones of the stage.
create index deployments_as_they_began_idx on ops.deployments (
    project_id, stage, (least(started_at, created_at)) desc, created_at desc, id desc
) where status = 'succeeded';
