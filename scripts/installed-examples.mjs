// Runs the READMEs' examples in a project that installed the packages: started there by installed.mjs with the paths of
// the compiled examples, PACKAGE/NAME.js. Most run by themselves; those that want something to work on get it here.
// Prints a line for each that went wrong; exits 1 when there is one.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const LOCAL = { bind: '127.0.0.1' };
/** Behind an example that waits for what never comes; a good one takes a second or two. */
const LONGEST_MS = 30_000;

const [base, ...examples] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'shoal-installed-'));
const closing = [];
/** Of the tracker that examples share, once there is one. */
let announce;

const scenes = {
  'storage/download-and-resume.js': (run) => run(join(folder, 'resume')),
  'storage/choose-and-move.js': (run) => run(join(folder, 'move')),
  'http-service/hello.js': async (run) => {
    const { url, service } = await run();
    closing.push(() => service.close());
    isEqual(await (await fetch(url)).text(), 'hello');
    return url;
  },
  'client/seed.js': (_run) => seeded('seed.bin', 1000),
  'client/download.js': async (run) => {
    const { content, torrentFile } = await seeded('download.bin', 300_000);
    const target = join(folder, 'down');
    isEqual(await run(torrentFile, target, LOCAL), content.length);
    isSame(await readFile(join(target, 'download.bin')), content);
    return target;
  },
  'client/stream.js': async (run) => {
    const { content, torrentFile } = await seeded('stream.bin', 300_000);
    const server = await run(torrentFile, join(folder, 'streamed'), LOCAL);
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers: { range: 'bytes=200000-' } });
    isSame(Buffer.from(await answer.arrayBuffer()), content.subarray(200_000));
    const closed = once(server, 'close');
    server.closeAllConnections();
    server.close();
    return closed;
  },
  'client/magnet.js': async (run) => {
    const { torrentFile } = await seeded('linked.bin', 70_000);
    const { formatMagnet, magnetOf } = await import(
      pathToFileURL(createRequire(resolve(base)).resolve('@shoal/metainfo')).href
    );
    const { readMetainfo } = await import(
      pathToFileURL(createRequire(resolve(base)).resolve('@shoal/metainfo/node')).href
    );
    const link = formatMagnet(magnetOf(await readMetainfo(torrentFile)));
    const name = await run(link, join(folder, 'linked'), LOCAL);
    isEqual(name, 'linked.bin');
    return name;
  },
  'client/many.js': async (run) => {
    const all = [await seeded('one.bin', 50_000), await seeded('two.bin', 60_000)];
    const names = [];
    const { promise, resolve: whole } = Promise.withResolvers?.() ?? withResolvers();
    const files = all.map(({ torrentFile }) => torrentFile);
    const onComplete = (name) => names.push(name) === all.length && whole();
    const client = await run(files, join(folder, 'many'), onComplete, LOCAL);
    closing.push(() => client.close());
    await promise;
    return names;
  },
};

let failed = 0;
for (const example of examples) {
  try {
    const { run } = await importOf(example);
    if (run === undefined) throw new Error('exports no run()');
    if (run.length > 0 && scenes[example] === undefined) throw new Error('run() takes arguments: give it a scene here');
    const ran = (scenes[example] ?? ((it) => it()))(run);
    const answer = await Promise.race([ran, delay(LONGEST_MS, 'late', { ref: false }).then(late)]);
    if (answer === undefined) throw new Error('run() answers nothing');
  } catch (error) {
    failed++;
    console.log(`examples/${example}: ${error.stack}`);
  }
}
for (const close of closing.reverse()) await close();
await rm(folder, { recursive: true, force: true });
// An example that leaves something running would keep a user's process alive too, but none of the closed ones does.
process.exit(failed === 0 ? 0 : 1);

function importOf(example) {
  return import(pathToFileURL(resolve(base, example)).href);
}

/** A file of random bytes, seeded by the client's own example with a tracker from the installed package. */
async function seeded(name, length) {
  if (announce === undefined) {
    const { TrackerServer } = await import(
      pathToFileURL(createRequire(resolve(base)).resolve('@shoal/tracker/node')).href
    );
    const tracker = new TrackerServer({ http: { host: '127.0.0.1' } });
    const { host, port } = await tracker.listen();
    closing.push(() => tracker.close());
    announce = `http://${host}:${port}/announce`;
  }
  const { run } = await importOf('client/seed.js');
  const content = randomBytes(length);
  const path = join(folder, name);
  await writeFile(path, content);
  const torrentFile = `${path}.torrent`;
  const client = await run(path, announce, torrentFile, LOCAL);
  closing.push(() => client.close());
  return { content, torrentFile };
}

function withResolvers() {
  let settle;
  const promise = new Promise((done) => {
    settle = done;
  });
  return { promise, resolve: settle };
}

function late() {
  throw new Error(`not done after ${LONGEST_MS / 1000} s`);
}

function isEqual(found, expected) {
  if (found !== expected) throw new Error(`answered ${found}, not ${expected}`);
}

function isSame(found, expected) {
  if (Buffer.compare(found, expected) !== 0) {
    throw new Error(`${found.length} bytes are not the ${expected.length} expected`);
  }
}
