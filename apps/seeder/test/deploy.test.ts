// What can be held of the files for systemd and Docker without either: that they name what is there.
import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { OPTIONS, variableOf } from '../src/settings/options.ts';
import { readSettings } from '../src/settings/read-settings.ts';

const run = promisify(execFile);
const deploy = resolve(import.meta.dirname, '../deploy');
const root = resolve(import.meta.dirname, '../../..');
const read = (name: string): Promise<string> => readFile(join(deploy, name), 'utf8');
const variables = new Set([...Object.keys(OPTIONS).map(variableOf), 'SHOAL_SEEDER_CONFIG']);
const named = (text: string): string[] => text.match(/\bSHOAL_SEEDER_[A-Z_]+/g) ?? [];

test('everything that the Dockerfile copies is there, and its settings exist', async () => {
  const text = await read('Dockerfile');
  const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths]) => (paths ?? '').split(' '));
  expect(copied.length).toBeGreaterThan(5);
  for (const path of copied) await access(join(root, path));
  expect(named(text).filter((name) => !variables.has(name))).toEqual([]);
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  expect(new Set(text.match(/pnpm@[\d.]+/g))).toEqual(new Set([packageManager]));
  expect(text.match(/^FROM /gm)).toHaveLength(2);
  expect(text).toMatch(/^USER node$/m);
  expect(text).toMatch(/^HEALTHCHECK /m);
});

test('the health check of the image is a program that ends well for an answer and ill without one', async () => {
  const [, words = ''] = /^HEALTHCHECK[\s\S]*?CMD (\[.*\])$/m.exec(await read('Dockerfile')) ?? [];
  const [command = '', ...args] = JSON.parse(words) as string[];
  const { createServer } = await import('node:http');
  const server = createServer((_request, response) => response.end('{}'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const at = args.map((arg) => arg.replace('8080', String(port)));
  try {
    await run(command, at);
  } finally {
    await new Promise((done) => server.close(done));
  }
  await expect(run(command, at)).rejects.toMatchObject({ code: 1 });
}, 20_000);

test('the unit names settings that exist, and says what it may do', async () => {
  const text = await read('shoal-seeder.service');
  expect(named(text).filter((name) => !variables.has(name))).toEqual([]);
  for (const line of [
    'DynamicUser=yes',
    'StateDirectory=shoal-seeder',
    'ProtectSystem=strict',
    'NoNewPrivileges=yes',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test('systemd reads the unit without a word', async ({ skip }) => {
  const analyze = '/usr/bin/systemd-analyze';
  const isThere = await access(analyze).then(
    () => true,
    () => false,
  );
  skip(!isThere, 'systemd-analyze is not installed');
  const folder = await mkdtemp(join(tmpdir(), 'shoal-unit-'));
  try {
    // The program's place is the operator's to fill; a program must be there for the verdict.
    const text = (await read('shoal-seeder.service')).replace('/usr/bin/node /opt', `${process.execPath} /opt`);
    const unit = join(folder, 'shoal-seeder.service');
    await writeFile(unit, text);
    const { stdout, stderr } = await run(analyze, ['verify', '--man=no', unit]);
    expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('shoal-seeder'))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the example of a configuration is one, also with every line of it counted', async () => {
  const text = await read('shoal-seeder.toml');
  const folder = await mkdtemp(join(tmpdir(), 'shoal-toml-'));
  try {
    const path = join(folder, 'a.toml');
    await writeFile(path, text);
    expect(await readSettings(['data', '--config', path], {})).toMatchObject({ port: 6_881, settle: 5_000 });
    await writeFile(path, text.replace(/^# ([a-z-]+ = )/gm, '$1'));
    const all = await readSettings(['--config', path], {}).catch((error: unknown) => error);
    // The token's place holds words, which are no token.
    expect(all).toMatchObject({ message: expect.stringContaining('token in ') });
    await writeFile(
      path,
      text.replace(/^# ([a-z-]+ = )/gm, '$1').replace('16 characters at least', 'sixteen-characters'),
    );
    const settings = await readSettings(['--config', path], {});
    expect(Object.values(settings).filter((value) => value === undefined)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
