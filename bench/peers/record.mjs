// Creates the schemas of pg-boss and graphile-worker with their own clients and prints, as JSON, the statements that
// these clients send for the life of a job. PEERS_FOLDER holds node_modules; DATABASE_URL names the database.
const { PEERS_FOLDER: folder, DATABASE_URL: connectionString, PEER: peer } = process.env;
const load = (path) => import(`${folder}/node_modules/${path}`);
const { default: pg } = await load("pg/lib/index.js");
const BATCH = 50;

let statements = [];
const send = pg.Client.prototype.query;
pg.Client.prototype.query = function (...args) {
    const [query, values] = args;
    statements.push(typeof query === "string" ? { text: query, values } : { text: query.text, values: query.values ?? values });
    return send.apply(this, args);
};

// What the client sends while `action` runs, as far as it touches the table of jobs.
async function record(table, action) {
    statements = [];
    await action();
    return statements.filter(({ text }) => text.includes(table));
}

async function pgBoss() {
    const { PgBoss } = await load("pg-boss/dist/index.js");
    const boss = new PgBoss({ connectionString, schedule: false, supervise: false });
    boss.on("error", () => {});
    await boss.start();
    await boss.createQueue("bench");
    const job = () => boss.send("bench", { n: 1 });
    const found = { put: await record("INSERT INTO pgboss.job", job) };
    let jobs;
    const fetch = (batchSize) => async () => { jobs = await boss.fetch("bench", { batchSize }); };
    found.claim = await record("pgboss.job_common", fetch(1));
    found.complete = await record("pgboss.job_common", () => boss.complete("bench", jobs[0].id));
    await job();
    await job();
    found.claimBatch = await record("pgboss.job_common", fetch(BATCH));
    await boss.complete("bench", jobs.map(({ id }) => id));
    await boss.stop({ graceful: false });
    return found;
}

async function graphile() {
    const { default: worker } = await load("graphile-worker/dist/index.js");
    const pgPool = new pg.Pool({ connectionString });
    for (const event of ["error", "connect"]) pgPool.on(event, (client) => client.on?.("error", () => {}));
    const logger = new worker.Logger(() => () => {});
    await worker.runMigrations({ pgPool, logger });
    const utils = await worker.makeWorkerUtils({ pgPool, logger });
    const job = () => utils.addJob("bench", { n: 1 });
    const taskList = { bench: () => {} };
    const found = { put: await record("add_job", job) };
    const once = await record("_private_jobs", () => worker.runOnce({ pgPool, logger, taskList }));
    [found.claim, found.complete] = [once.slice(0, 1), once.slice(1, 2)];
    await job();
    await job();
    const preset = { worker: { localQueue: { size: BATCH }, completeJobBatchDelay: 50, concurrentJobs: BATCH } };
    const batch = await record("_private_jobs", async () => {
        const runner = await worker.run({ pgPool, logger, taskList, preset });
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await runner.stop();
    });
    found.claimBatch = batch.filter(({ text }) => text.includes(`limit ${BATCH}`)).slice(0, 1);
    found.completeBatch = batch.filter(({ text }) => text.includes("unnest")).slice(0, 1);
    await utils.release();
    await pgPool.end();
    return found;
}

const found = await { "pg-boss": pgBoss, "graphile-worker": graphile }[peer]();
for (const [name, list] of Object.entries(found)) {
    if (list.length !== 1) throw new Error(`${peer}: ${name} is ${list.length} statements, expected one`);
    found[name] = list[0];
}
console.log(JSON.stringify(found));
