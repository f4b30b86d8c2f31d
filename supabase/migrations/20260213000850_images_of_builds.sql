-- The images that builds became in registries: who signed them, which runs use them, and the rules about both.
alter type ops.policy_type add value if not exists 'images';

create table ops.images (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references ops.projects (id) on delete cascade,
    build_digest text not null check (build_digest ~ '^sha256:[0-9a-f]{64}$'),
    -- a tag may be another image tomorrow
    reference text not null check (reference ~ '^[^@[:space:]]+@sha256:[0-9a-f]{64}$'),
    tags text[] not null default '{}',
    layers text[] not null default '{}',
    signed_by text check (signed_by ~ '^sha256:[0-9a-f]{64}$'),
    pushed_at timestamptz not null default clock_timestamp(),
    used_at timestamptz not null default clock_timestamp(),
    condemned_at timestamptz,
    removed_at timestamptz,
    unique (project_id, reference),
    -- an image is condemned before it is removed, so that a removal that was killed is completed
    check (removed_at is null or condemned_at is not null)
);
create index images_build_idx on ops.images (project_id, build_digest, used_at desc);
comment on table ops.images is 'Images in registries that builds became.';
comment on column ops.images.id is 'The image.';
comment on column ops.images.project_id is 'The project.';
comment on column ops.images.build_digest is 'The build that it holds.';
comment on column ops.images.reference is 'The image in its registry, by its digest.';
comment on column ops.images.tags is 'The tags that it was pushed under.';
comment on column ops.images.layers is 'The names of its layers in the engine that made it, the lowest first.';
comment on column ops.images.signed_by is
'The SHA-256 of the public key that verified its signature when it was last used; null for none.';
comment on column ops.images.pushed_at is 'When it was pushed.';
comment on column ops.images.used_at is 'When a run last made or deployed it.';
comment on column ops.images.condemned_at is 'When its removal began; null while it is kept.';
comment on column ops.images.removed_at is 'When it was removed from the registry and the engine.';

create table ops.image_uses (
    image_id uuid not null references ops.images (id) on delete cascade,
    run_id uuid not null references ops.run_requests (run_id) on delete cascade,
    primary key (run_id, image_id)
);
create index image_uses_image_idx on ops.image_uses (image_id);
comment on table ops.image_uses is 'The images that runs made or deployed.';
comment on column ops.image_uses.image_id is 'The image.';
comment on column ops.image_uses.run_id is 'The run.';
