// Reads a workflow as n8n does: `node n8n_read.cjs LIBRARY NODES WORKFLOW ITEM NODE` prints what is wrong with it, and what
// the parameters of NODE become when its input is ITEM. LIBRARY: a folder with n8n-workflow; NODES: n8n-nodes-base's
// dist/types/nodes.json.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");

const [library, nodesFile, workflowFile, item, nodeName] = process.argv.slice(2);
const { NodeHelpers, Workflow } = createRequire(`${library}/index.js`)("n8n-workflow");
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const descriptions = read(nodesFile);
const given = read(workflowFile);

const describe = (type, version) =>
  descriptions.find((one) =>
    (one.name === type || `n8n-nodes-base.${one.name}` === type) && [one.version].flat().includes(version)
  );
const faults = [];
const sorted = (value) =>
  JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner);

for (const node of given.nodes) {
  const description = describe(node.type, node.typeVersion);
  if (!description) {
    faults.push(`${node.name}: n8n has no ${node.type} ${node.typeVersion}`);
    continue;
  }
  const known = NodeHelpers.getNodeParameters(
    description.properties, node.parameters, false, false, node, description,
  );
  if (sorted({ options: {}, ...known }) !== sorted({ options: {}, ...node.parameters })) {
    faults.push(`${node.name}: n8n reads ${sorted(known)}`);
  }
  const whole = NodeHelpers.getNodeParameters(description.properties, node.parameters, true, false, node, description);
  const issues = NodeHelpers.getNodeParametersIssues(
    description.properties, { ...node, parameters: whole }, description,
  );
  if (issues) faults.push(`${node.name}: ${JSON.stringify(issues)}`);
  for (const [name, value] of Object.entries(node.parameters)) {
    const choices = description.properties
      .filter((one) => one.name === name && one.type === "options" && !one.typeOptions?.loadOptionsMethod)
      .flatMap((one) => one.options.map((option) => option.value));
    if (choices.length > 0 && !String(value).startsWith("=") && !choices.includes(value)) {
      faults.push(`${node.name}: ${name} is ${value}, which is no choice`);
    }
  }
  for (const name of Object.keys(node.credentials ?? {})) {
    const wanted = (description.credentials ?? []).map((one) => one.name);
    if (!wanted.includes(name) && node.parameters.genericAuthType !== name) {
      faults.push(`${node.name}: takes no credential ${name}`);
    }
  }
}
for (const [from, { main }] of Object.entries(given.connections)) {
  const source = given.nodes.find((node) => node.name === from);
  if (!source) faults.push(`there is no node ${from}`);
  const outputs = source ? describe(source.type, source.typeVersion)?.outputs.length ?? 0 : 0;
  if (main.length > outputs) faults.push(`${from} has ${outputs} outputs`);
  for (const { node, index } of main.flat()) {
    const target = given.nodes.find((one) => one.name === node);
    if (!target) faults.push(`${from} leads to ${node}, which is not there`);
    else if (index >= (describe(target.type, target.typeVersion)?.inputs.length ?? 0)) {
      faults.push(`${node} has no input ${index}`);
    }
  }
}

const types = {
  getByName: () => undefined,
  getByNameAndVersion: (name, version) => ({ description: describe(name, version) }),
  getKnownTypes: () => ({}),
};
async function main() {
  let parameters = null;
  if (nodeName && faults.length === 0) {
    const workflow = new Workflow({ ...given, id: "1", nodeTypes: types });
    const items = [{ json: JSON.parse(item) }];
    const node = workflow.getNode(nodeName);
    await workflow.expression.acquireIsolate?.();
    parameters = workflow.expression.getParameterValue(
      node.parameters, null, 0, 0, nodeName, items, "manual", { $execution: { id: "231" } },
    );
  }
  process.stdout.write(JSON.stringify({ faults, parameters }));
}
main();
