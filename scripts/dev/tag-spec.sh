#!/usr/bin/env bash
# Put the tag v1.0-production on the commit: scripts/dev/tag-spec.sh
# Refuses while a spec gate fails, while the tree differs from the commit, and where the tag is on another commit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tag=v1.0-production

if [[ -n "$(git status --porcelain)" ]]; then
    echo "spec-tag: the tree differs from the commit" >&2
    echo "  → commit or remove what \`git status\` shows" >&2
    exit 1
fi
if tagged="$(git rev-parse --quiet --verify "refs/tags/$tag^{commit}")"; then
    if [[ "$tagged" == "$(git rev-parse HEAD)" ]]; then
        echo "spec-tag: $tag is on this commit"
        exit
    fi
    echo "spec-tag: $tag is on $tagged, and a tag does not move" >&2
    exit 1
fi
scripts/validate_spec_kit_odooops.sh || {
    echo "spec-tag: a gate fails; nothing was tagged" >&2
    exit 1
}
git tag --annotate --message "The release gates as specified" "$tag"
echo "spec-tag: $tag is on $(git rev-parse --short HEAD)"
