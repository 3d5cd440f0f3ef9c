// What somebody gets who installs our packages with npm: all of them together from their tarballs in an empty project
// outside this repository, and each alone. Every entry must import and have types, every example of a README must run
// as it is printed there, commands must answer, and a package alone may bring no more than scripts/layers.json lets it.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { blocks } from './readme-examples.mjs';
import { root, run, tool } from './workspace.mjs';

const SCOPE = '@shoal/';
const STRICT = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  verbatimModuleSyntax: true,
  // Our declarations themselves are what is looked at.
  skipLibCheck: false,
  rewriteRelativeImportExtensions: true,
};

/**
 * @param {import('./workspace.mjs').Workspace[]} published
 * @param {(workspace: import('./workspace.mjs').Workspace) => string} tarballOf
 * @returns {Promise<string[]>} what is wrong, a line (or some) each
 */
export async function installedFaults(published, tarballOf) {
  const base = mkdtempSync(join(tmpdir(), 'shoal-installed-'));
  const table = JSON.parse(readFileSync(join(root, 'scripts/layers.json'), 'utf8')).imports;
  const faults = [];
  const work = [
    () => together(join(base, 'together'), published, tarballOf),
    ...published.map((workspace) => () => alone(base, workspace, published, tarballOf, table)),
  ];
  const worker = async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) faults.push(...(await next()));
  };
  try {
    await Promise.all([worker(), worker()]);
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return faults;
}

async function together(project, published, tarballOf) {
  const failed = await install(project, published, published, tarballOf);
  if (failed !== '') return [`all together: ${failed}`];
  const said = (name, { code, output }) => (code === 0 ? [] : [`all together: ${name}: ${output.trim()}`]);
  const faults = said('imports', await importAll(project, published));

  const examples = published.flatMap((workspace) => writeExamples(project, workspace));
  const sources = examples.map((example) => `examples/${example}`);
  writeFileSync(join(project, 'entries.ts'), importsOf(published.flatMap(entriesOf)));
  // Sources are `.ts` and the output is run: what the compiler emits is what a user's build would.
  // No `lib`: what TypeScript takes where nobody says, the DOM with Node's types beside it.
  const node = { types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };
  const cores = published.flatMap(entriesOf).filter((entry) => isCore(entry));
  writeFileSync(join(project, 'cores.ts'), importsOf(cores));
  const attempts = [
    ['nodenext', { ...node, module: 'nodenext', outDir: 'out', rootDir: '.' }, ['entries.ts', ...sources]],
    ['bundler', { ...node, module: 'preserve', moduleResolution: 'bundler', noEmit: true }, ['entries.ts', ...sources]],
    // A page: no types of Node, and no need for them.
    [
      'a browser',
      {
        module: 'preserve',
        moduleResolution: 'bundler',
        noEmit: true,
        types: [],
        lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
      },
      ['cores.ts'],
    ],
  ];
  for (const [name, options, files] of attempts) {
    const config = join(project, `tsconfig.${name.replaceAll(' ', '-')}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions: { target: 'es2022', ...STRICT, ...options }, files }));
    faults.push(...said(`types, ${name}`, await run([tool('tsc'), '-p', config], { cwd: project })));
  }
  cpSync(join(root, 'scripts/installed-examples.mjs'), join(project, 'run-examples.mjs'));
  const compiled = examples.map((example) => example.replace(/\.ts$/, '.js'));
  const ran = await run([process.execPath, 'run-examples.mjs', 'out/examples', ...compiled], { cwd: project });
  faults.push(...said('examples', ran));

  for (const { manifest } of published) {
    for (const command of Object.keys(manifest.bin ?? manifest.publishConfig?.bin ?? {})) {
      const { code, output } = await run([join(project, 'node_modules/.bin', command), '--version'], { cwd: project });
      const isRight = code === 0 && output.includes(manifest.version);
      if (!isRight) faults.push(`all together: ${command} --version ended with ${code}: ${output.trim()}`);
    }
  }
  return faults;
}

async function alone(base, workspace, published, tarballOf, table) {
  const project = join(base, workspace.folder);
  const failed = await install(project, [workspace], published, tarballOf);
  if (failed !== '') return [`${workspace.path} alone: ${failed}`];
  const faults = [];
  const report = (what) => faults.push(`${workspace.path} alone: ${what}`);
  const brought = readdirSync(join(project, 'node_modules/@shoal')).filter((folder) => folder !== workspace.folder);
  const lists = brought.filter((folder) => !reach(workspace.folder, table, published).has(folder));
  if (lists.length > 0) report(`brings ${lists.join(', ')}, which scripts/layers.json does not let it`);
  for (const what of readmeFaults(workspace)) report(what);
  const { code, output } = await importAll(project, [workspace]);
  if (code !== 0) report(output.trim());
  rmSync(project, { recursive: true, force: true });
  return faults;
}

/** Installs `wanted` into a new project; what they need of ours comes from the tarballs too. Answers what went wrong. */
async function install(project, wanted, published, tarballOf) {
  mkdirSync(project, { recursive: true });
  const files = new Map(published.map((each) => [each.manifest.name, `file:${tarballOf(each)}`]));
  const dependencies = Object.fromEntries(wanted.map(({ manifest: { name } }) => [name, files.get(name)]));
  // A direct dependency can only be overridden by itself.
  const overrides = Object.fromEntries(
    [...files].map(([name, file]) => [name, dependencies[name] === undefined ? file : `$${name}`]),
  );
  const manifest = { name: 'outside', private: true, type: 'module', dependencies, overrides };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  const line = [
    'npm',
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--loglevel=error',
  ];
  const { code, output } = await run(line, { cwd: project });
  if (code !== 0) return `npm install ended with ${code}: ${output.trim()}`;
  const { packages } = JSON.parse(readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8'));
  const strangers = Object.entries(packages).filter(
    ([path, { resolved = '' }]) => path.includes(`node_modules/${SCOPE}`) && !resolved.startsWith('file:'),
  );
  return strangers.map(([path]) => `${path} is not from a tarball of ours`).join('\n');
}

/** Whatever of ours a package may bring, directly or not. */
function reach(folder, table, published) {
  const found = new Set([folder]);
  for (const each of found) {
    const allowed = table[each] ?? [];
    const names = allowed === '*' ? published.filter(({ app }) => !app).map((other) => other.folder) : allowed;
    for (const name of names) found.add(name);
  }
  return found;
}

/** A README says under "Dependencies" what the package brings from outside, and names nothing else there. */
function readmeFaults({ directory, manifest }) {
  const readme = readFileSync(join(directory, 'README.md'), 'utf8');
  const [, section] = /^## Dependencies\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(readme) ?? [];
  const needed = Object.keys(manifest.dependencies ?? {});
  if (section === undefined) return needed.length === 0 ? [] : ['its README has no section "Dependencies"'];
  const named = [...section.matchAll(/`((?:@[\w-]+\/)?[a-z][a-z0-9.-]*)`/g)].map(([, name]) => name);
  const silent = needed.filter((name) => !name.startsWith(SCOPE) && !named.includes(name));
  const wrong = named.filter((name) => !needed.includes(name));
  return [
    ...silent.map((name) => `its README does not say why it needs ${name}`),
    ...wrong.map((name) => `its README names ${name} under "Dependencies", its package.json does not`),
  ];
}

/** @returns {{ specifier: string, source: string }[]} of the entries that are code */
function entriesOf({ manifest }) {
  return Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) =>
    typeof target === 'object' ? [{ specifier: manifest.name + entry.slice(1), source: target['@shoal/source'] }] : [],
  );
}

function isCore({ specifier, source }) {
  return !source.startsWith('./src/node/') && !specifier.endsWith('/testing');
}

/** A module that uses every name of some entries, so that a declaration which does not resolve is an error. */
function importsOf(entries) {
  const lines = entries.map(
    ({ specifier }, index) =>
      `import * as e${index} from '${specifier}';\nexport const n${index}: object = e${index};\n`,
  );
  return lines.join('');
}

function importAll(project, packages) {
  const entries = packages.flatMap(entriesOf).map(({ specifier }) => specifier);
  const others = packages.flatMap(({ manifest }) =>
    Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) =>
      typeof target === 'string' ? [manifest.name + entry.slice(1)] : [],
    ),
  );
  const text = `
    import { createRequire } from 'node:module';
    const faults = [];
    const attempt = async (name, what) => { try { await what(); } catch (error) { faults.push(name + ': ' + error.message); } };
    for (const entry of ${JSON.stringify(entries)}) {
      await attempt(entry, async () => {
        if (Object.keys(await import(entry)).length === 0) throw new Error('exports nothing');
      });
    }
    const require = createRequire(import.meta.url);
    for (const other of ${JSON.stringify(others)}) await attempt(other, () => require(other));
    for (const fault of faults) console.log(fault);
    process.exitCode = faults.length === 0 ? 0 : 1;
  `;
  writeFileSync(join(project, 'import-all.mjs'), text);
  return run([process.execPath, 'import-all.mjs'], { cwd: project });
}

/** Writes what the installed README shows, and the files its examples import, which it must have brought with it. */
function writeExamples(project, { folder, manifest }) {
  const installed = join(project, 'node_modules', manifest.name);
  const shown = blocks(readFileSync(join(installed, 'README.md'), 'utf8')).filter(
    ({ example }) => example !== undefined,
  );
  const target = join(project, 'examples', folder);
  for (const { example, text } of shown) {
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, basename(example)), text);
    for (const [, path] of text.matchAll(/from '(\.\/[^']+)'/g)) {
      const beside = join(installed, dirname(example), path);
      if (existsSync(beside)) cpSync(beside, join(target, path));
    }
  }
  return shown.map(({ example }) => `${folder}/${basename(example)}`);
}
