// Sends with the clients of each forge what is named on standard input, a list of [client, call, arguments], to the
// address of argument 1.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(`${process.argv[3]}/`);
const url = process.argv[2];
const { giteaApi } = require("gitea-js");
const forgejo = require("@llamaduck/forgejo-ts");
const { createClient } = require("@llamaduck/forgejo-ts/client");
const { Bitbucket } = require("bitbucket");
const { Gitlab } = require("@gitbeaker/rest");

const gitea = giteaApi(url, { token: "t", customFetch: fetch });
const client = createClient({ baseURL: `${url}/api/v1` });
const bitbucket = new Bitbucket({ baseUrl: `${url}/2.0`, notice: false });
const gitlab = new Gitlab({ host: url, token: "t" });
const [owner, repo] = ["acme", "shop"];

const calls = {
  gitea: (sha, body) => gitea.repos.repoCreateStatus(owner, repo, sha, body),
  giteaList: (sha) => gitea.repos.repoListStatusesByRef(owner, repo, sha, { sort: "recentupdate" }),
  forgejo: (sha, body) => forgejo.repoCreateStatus({ client, path: { owner, repo, sha }, body }),
  forgejoList: (sha) =>
    forgejo.repoListStatusesByRef({ client, path: { owner, repo, ref: sha }, query: { sort: "recentupdate" } }),
  bitbucket: (commit, body) =>
    bitbucket.commitstatuses.createBuildStatus({ workspace: owner, repo_slug: repo, commit, _body: body }),
  gitlab: (sha, { state, target_url: targetUrl, ...others }) =>
    gitlab.Commits.editStatus(`${owner}/${repo}`, sha, state, { targetUrl, ...others }),
  gitlabList: (sha, { name }) => gitlab.Commits.allStatuses(`${owner}/${repo}`, sha, { name, maxPages: 1 }),
  gitlabDeployment: (sha, { environment, ref, tag, status }) =>
    gitlab.Deployments.create(`${owner}/${repo}`, environment, sha, ref, tag, { status }),
};
for (const [name, ...given] of JSON.parse(await text(process.stdin))) {
  await calls[name](...given);
}
