-- A push to a release branch, to the default branch or of a tag makes a release: it knows where it came from, and its
-- packages.
alter table ops.releases
add column git_ref text check (git_ref ~ '^refs/(heads|tags)/.'),
add column lock_digest text check (lock_digest <> '');
create index releases_ref_idx on ops.releases (project_id, git_ref, image_digest) where git_ref is not null;
comment on column ops.releases.git_ref is 'The branch or tag whose push made it; empty where somebody else made it.';
comment on column ops.releases.lock_digest is 'Digest of every Python package and version of its image, where known.';
