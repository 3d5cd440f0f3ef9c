// Makes a protocol module that keeps the rules and whose example does something: `new.mjs NAME [--kind KIND]`, then the
// contributor replaces what it does. The files are those of scripts/template; CONTRIBUTING.md says what comes after.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pnpm, root, run, tool } from './workspace.mjs';

const TEMPLATES = join(dirname(fileURLToPath(import.meta.url)), 'template');
const SUFFIX = '.txt';
/** What a package of each kind is made of and may import; in which list of layers.json it stands; whose suite it meets. */
const KINDS = {
  module: {
    about: 'reads or writes something, and fits no contract yet',
    templates: ['list', 'module'],
    imports: ['primitives'],
    list: 'protocols',
    example: 'read-peers.ts',
    entry: '`decodeAddresses`, `encodeAddresses`',
    shell: '`readAddresses(path)`',
  },
  source: {
    about: 'finds peers (PeerSource of @shoal/session)',
    templates: ['list', 'source'],
    imports: ['primitives'],
    list: 'protocols',
    example: 'read-peers.ts',
    suite: 'session',
    entry: '`{Name}Source`, `decodeAddresses`, `encodeAddresses`',
    shell: '`create{Name}Source(path)`, `readAddresses(path)`',
  },
  extension: {
    about: 'extends the peer wire (Extension of @shoal/wire)',
    templates: ['extension'],
    imports: ['wire'],
    list: 'extensions',
    example: 'ask-a-peer.ts',
    suite: 'wire',
    hasNoShell: true,
  },
};
const USAGE = `new NAME [--kind KIND]: makes packages/NAME
${Object.entries(KINDS)
  .map(([kind, { about }]) => `  ${kind.padEnd(10)} ${about}`)
  .join('\n')}
Without --kind it is a module.`;
/** Drawers, not names: see ARCHITECTURE.md. */
const SAYS_NOTHING = /(^|-)(common|core|helpers?|lib|manager|misc|shared|stuff|utils?)(-|$)/;

/**
 * What stands against a new package, or undefined.
 * @param {string | undefined} name
 */
export function refusalOf(name, kind = 'module', from = root) {
  if (name === undefined) return `a name is missing\n${USAGE}`;
  if (KINDS[kind] === undefined) return `there is no kind "${kind}": it is one of ${Object.keys(KINDS).join(', ')}`;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    return `"${name}" is no name for a package: lower-case words of letters and digits with one hyphen between, such as peer-file, at most 40 characters`;
  }
  if (SAYS_NOTHING.test(name)) return `"${name}" does not say what is in it: name what the package owns`;
  for (const parent of ['packages', 'apps']) {
    if (existsSync(join(from, parent, name))) return `"${name}" is taken: there is a ${parent}/${name}`;
  }
  const { imports, extensions } = layersOf(from);
  if (imports[name] !== undefined && extensions.includes(name) !== (kind === 'extension')) {
    return `scripts/layers.json keeps "${name}" for ${extensions.includes(name) ? 'an extension: --kind extension' : 'what is no extension'}`;
  }
  return undefined;
}

/** Writes the package and its lines elsewhere. Answers the paths it wrote, from the root. */
export function scaffold(name, kind = 'module', from = root) {
  const words = wordsFor(name, KINDS[kind]);
  const fill = (text) => text.replace(/\{(name|Name|NAME|wire|entry|shell|example)\}/g, (_, key) => words[key]);
  const { example, templates, hasNoShell } = KINDS[kind];
  const files = new Map();
  for (const template of ['all', ...templates]) {
    for (const path of readdirSync(join(TEMPLATES, template), { recursive: true })) {
      if (!path.endsWith(SUFFIX)) continue;
      const text = readFileSync(join(TEMPLATES, template, path), 'utf8');
      const target = fill(path.slice(0, -SUFFIX.length));
      const isForCompliance = target.startsWith('compliance/');
      files.set(isForCompliance ? `packages/${target.replace('/', '/test/')}` : `packages/${name}/${target}`, text);
    }
  }
  words.example = fill(files.get(`packages/${name}/examples/${example}`));
  files.set(`packages/${name}/package.json`, manifestOf(name, KINDS[kind].imports, hasNoShell));
  files.set(`.changeset/${name}.md`, CHANGESET);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(from, path)), { recursive: true });
    writeFileSync(join(from, path), fill(text));
  }
  addToLayers(from, name, KINDS[kind]);
  const { suite } = KINDS[kind];
  if (suite !== undefined) addToCompliance(from, [name, suite]);
  return [...files.keys(), 'scripts/layers.json', ...(suite === undefined ? [] : ['packages/compliance/package.json'])];
}

const CHANGESET = `---
"@shoal/{name}": minor
---

(One line for the reader of the changelog: what there is now, and why.)
`;

function wordsFor(name, { entry, shell }) {
  const Name = name.replace(/(^|-)([a-z0-9])/g, (_, _hyphen, letter) => letter.toUpperCase());
  const words = { name, Name, NAME: name.toUpperCase().replaceAll('-', '_'), wire: name.replaceAll('-', '_') };
  const fill = (text = '') => text.replaceAll('{Name}', Name);
  return { ...words, entry: fill(entry), shell: fill(shell) };
}

function manifestOf(name, imports, hasNoShell) {
  const entry = (source) => ({
    '@shoal/source': `./src/${source}.ts`,
    types: `./dist/${source}.d.ts`,
    default: `./dist/${source}.js`,
  });
  const manifest = {
    name: `@shoal/${name}`,
    version: '0.0.0',
    description: 'Say in a line what it does',
    keywords: ['bittorrent', name],
    license: 'MIT',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.19' },
    files: ['dist', 'examples', 'src'],
    exports: {
      '.': entry('index'),
      ...(hasNoShell ? {} : { './node': entry('node/index') }),
      './package.json': './package.json',
    },
    scripts: { build: 'tsup', typecheck: 'tsc -p tsconfig.core.json && tsc -p tsconfig.json', test: 'vitest run' },
    dependencies: Object.fromEntries(imports.map((each) => [`@shoal/${each}`, 'workspace:^'])),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function layersOf(from) {
  return JSON.parse(readFileSync(join(from, 'scripts/layers.json'), 'utf8'));
}

/** By hand, since writing it anew would lose its lines. A name that is planned has its lines already. */
function addToLayers(from, name, { imports, list }) {
  const layers = layersOf(from);
  const path = join(from, 'scripts/layers.json');
  let text = readFileSync(path, 'utf8');
  if (!layers[list].includes(name)) {
    text = text.replace(new RegExp(`("${list}": \\[[^\\]]*?)\\s*\\]`), `$1, "${name}"]`);
  }
  if (layers.imports[name] === undefined) {
    text = text.replace(/\n( *)"client": /, `\n$1"${name}": ${JSON.stringify(imports)},\n$1"client": `);
  }
  writeFileSync(path, text);
}

function addToCompliance(from, names) {
  const path = join(from, 'packages/compliance/package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  const added = Object.fromEntries(names.map((name) => [`@shoal/${name}`, 'workspace:^']));
  const all = { ...manifest.devDependencies, ...added };
  manifest.devDependencies = Object.fromEntries(Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();

async function main() {
  let asked;
  try {
    asked = parseArgs({ allowPositionals: true, options: { kind: { type: 'string' }, help: { type: 'boolean' } } });
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return 2;
  }
  const { values, positionals } = asked;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [name, surplus] = positionals;
  const refusal = surplus === undefined ? refusalOf(name, values.kind) : `one name at a time, not also "${surplus}"`;
  if (refusal !== undefined) {
    console.error(`new: ${refusal}`);
    return 2;
  }
  const written = scaffold(name, values.kind);
  for (const path of written) console.log(path);
  // Imports are sorted, and lines broken, as its names have it.
  const sources = written.filter((path) => /\.(ts|json)$/.test(path));
  const example = join(root, `packages/${name}/examples`, KINDS[values.kind ?? 'module'].example);
  const shown = readFileSync(example, 'utf8');
  const steps = [
    [tool('biome'), 'check', '--write', '--no-errors-on-unmatched', ...sources],
    pnpm('install', '--prefer-offline', '--no-frozen-lockfile'),
  ];
  for (const step of steps) {
    const { code, output } = await run(step);
    if (code === 0) continue;
    console.error(`${output.trim()}\nnew: packages/${name} is there, but this failed: ${step.join(' ')}`);
    return 1;
  }
  const readme = join(root, `packages/${name}/README.md`);
  writeFileSync(
    readme,
    readFileSync(readme, 'utf8').replace(shown, () => readFileSync(example, 'utf8')),
  );
  console.log(`\npackages/${name} is linked. What comes next: CONTRIBUTING.md, "Add a protocol module".`);
  return 0;
}
