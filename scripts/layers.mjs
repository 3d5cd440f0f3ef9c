// Holds the rules of the package graph (layers.json): which package may import which, what a core may touch, and that
// manifests tell the truth about both. Prints each breach with its place; exits 1 when there is one.

import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { root, workspaces } from './workspace.mjs';

const SCOPE = '@shoal/';
const BUILTINS = new Set(builtinModules);
const SKIPPED = new Set(['node_modules', 'dist', 'reports', 'coverage', '.turbo']);
/** What a core may not name: it is handed time, randomness and I/O. */
const FORBIDDEN_GLOBALS = new Set([
  'Buffer',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'crypto',
  'performance',
  'process',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);

/** Every breach under a root, as lines `place: what is wrong`. */
export function breaches(from = root, table = JSON.parse(readFileSync(join(root, 'scripts/layers.json'), 'utf8'))) {
  const all = workspaces(from);
  const byName = new Map(all.map((workspace) => [workspace.manifest.name, workspace]));
  const rootManifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  const shared = new Set(Object.keys(rootManifest.devDependencies ?? {}));
  const found = tableBreaches(table);
  const graph = new Map();

  for (const workspace of all) {
    const allowed = table.imports[workspace.folder];
    const report = (place, what) => found.push(`${join(workspace.path, place)}: ${what}`);
    if (allowed === undefined) report('package.json', 'the package is not in scripts/layers.json');
    if (workspace.manifest.name !== SCOPE + workspace.folder && !workspace.app) {
      report('package.json', `the name is ${workspace.manifest.name}, the folder says ${SCOPE}${workspace.folder}`);
    }
    const mayImport = (other) => {
      if (other === workspace || (allowed ?? '*') === '*') return !other.app || other === workspace;
      return allowed.includes(other.folder);
    };
    graph.set(workspace, manifestArrows(workspace, byName, mayImport, report));
    for (const file of sources(workspace.directory)) {
      checkFile(workspace, file, byName, shared, mayImport, report);
    }
  }
  for (const circle of circles(graph)) found.push(`package graph: a circle: ${circle.join(' -> ')}`);
  return found;
}

/** The table is held to the rules it stands for, so that a line in it cannot quietly break them. */
function tableBreaches({ imports, protocols, extensions, leaves }) {
  const found = [];
  const report = (folder, what) => found.push(`scripts/layers.json: ${folder} ${what}`);
  for (const [folder, allowed] of Object.entries(imports)) {
    if (allowed === '*') {
      if ([...protocols, ...extensions, ...leaves].includes(folder)) report(folder, 'may not import everything');
      continue;
    }
    if (leaves.includes(folder) && allowed.length > 0) report(folder, 'is a leaf and imports nothing of ours');
    if (allowed.includes('session'))
      report(folder, 'may not import session: only client, apps and private packages do');
    for (const other of allowed) {
      if (imports[other] === undefined) report(folder, `names ${other}, which is not listed`);
      if (extensions.includes(other)) report(folder, `may not import the extension ${other}`);
      const engine = folder === 'session' && other === 'wire';
      const extension = extensions.includes(folder) && other === 'wire';
      if (protocols.includes(other) && !engine && !extension) report(folder, `may not import the protocol ${other}`);
    }
  }
  return found;
}

/** Checks what a manifest declares; returns the packages it points at. */
function manifestArrows(workspace, byName, mayImport, report) {
  const arrows = new Set();
  const { manifest } = workspace;
  for (const kind of ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']) {
    for (const [name, range] of Object.entries(manifest[kind] ?? {})) {
      const other = byName.get(name);
      if (other === undefined) {
        if (name.startsWith(SCOPE)) report('package.json', `${kind} names ${name}, which does not exist`);
        else if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range) && kind !== 'peerDependencies') {
          report('package.json', `${name} is "${range}", not one exact version`);
        }
        continue;
      }
      if (range !== 'workspace:^') report('package.json', `${name} is "${range}", not "workspace:^"`);
      if (kind === 'peerDependencies') report('package.json', `${name} is a peer: ours never are`);
      if (kind === 'devDependencies' && other.folder === 'testkit') continue;
      if (workspace.published && kind !== 'devDependencies' && !other.published) {
        report('package.json', `${name} is private and cannot be a dependency of what is published`);
      }
      // A private package that starts an app as a program names it, so that it is built; nobody imports one.
      const starts = kind === 'devDependencies' && other.app && !workspace.published;
      if (!starts && !mayImport(other)) report('package.json', `${workspace.folder} may not depend on ${other.folder}`);
      arrows.add(other);
    }
  }
  return arrows;
}

function checkFile(workspace, file, byName, shared, mayImport, report) {
  const place = relative(workspace.directory, file).split(sep).join('/');
  const inSource = place.startsWith('src/');
  const isTesting = /^src\/testing(\.ts|\/)/.test(place);
  const inShell = place.startsWith('src/node/');
  const free = workspace.app || !workspace.published;
  const isCore = inSource && !inShell && !isTesting && !free;
  const { dependencies = {}, devDependencies = {} } = workspace.manifest;
  const text = readFileSync(file, 'utf8');
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const at = (node) => `${place}:${parsed.getLineAndCharacterOfPosition(node.getStart(parsed)).line + 1}`;

  const checkImport = (specifier, node) => {
    if (specifier.startsWith('.')) {
      const target = relative(workspace.directory, resolve(file, '..', specifier))
        .split(sep)
        .join('/');
      const isConfig = /^[\w.-]+\.config\.ts$/.test(place) && /^\.\.\/\.\.\/\w+\.shared\.ts$/.test(target);
      if (target.startsWith('..') && !isConfig) report(at(node), `${specifier} leaves the package`);
      if (isCore && target.startsWith('src/node/')) report(at(node), `a core may not import its shell, ${specifier}`);
      if (inSource && !isTesting && /^src\/testing(\.ts|\/)/.test(target)) {
        report(at(node), `only tests import ${specifier}`);
      }
      return;
    }
    if (specifier.startsWith('node:') || BUILTINS.has(specifier)) {
      if (isCore) report(at(node), `${specifier} belongs under src/node/`);
      if (!specifier.startsWith('node:')) report(at(node), `${specifier} is spelled node:${specifier}`);
      return;
    }
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    if (name === workspace.manifest.name) {
      if (isCore) report(at(node), 'a core imports its own files by their paths');
      return;
    }
    const other = byName.get(name);
    if (isCore && other !== undefined && specifier === `${name}/node`) {
      report(at(node), `a core may not import ${specifier}`);
    }
    if (other !== undefined && other.folder !== 'testkit' && !mayImport(other)) {
      report(at(node), `${workspace.folder} may not import ${other.folder}`);
    }
    if (inSource && !free && other?.folder === 'testkit') report(at(node), 'only tests import testkit');
    const declared = inSource && !free ? name in dependencies : name in dependencies || name in devDependencies;
    // What is private runs here alone, where the root's tools always are.
    const fromRoot = (!inSource || !workspace.published) && other === undefined && shared.has(name);
    if (!declared && !fromRoot) {
      report(at(node), `${name} is not in ${inSource ? 'dependencies' : 'dependencies or devDependencies'}`);
    }
  };

  const visit = (node) => {
    const specifier = importedBy(node);
    if (specifier !== undefined) checkImport(specifier, node);
    if (isCore) {
      const forbidden = forbiddenIn(node);
      if (forbidden !== undefined) report(at(node), `${forbidden} belongs under src/node/; take it as an argument`);
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
}

/** The module a node imports: import, export from, import(), import('x').T. */
function importedBy(node) {
  let target;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) target = node.moduleSpecifier;
  else if (ts.isImportTypeNode(node)) target = node.argument.literal;
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    target = node.arguments[0];
  return target !== undefined && ts.isStringLiteralLike(target) ? target.text : undefined;
}

/** The clock, randomness or platform a node of a core reaches for. */
function forbiddenIn(node) {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const name = `${node.expression.text}.${node.name.text}`;
    if (name === 'Date.now' || name === 'Math.random') return name;
    if (node.expression.text === 'globalThis') return name;
  }
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date') return 'Date()';
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date') {
    return (node.arguments?.length ?? 0) === 0 ? 'new Date()' : undefined;
  }
  if (!ts.isIdentifier(node) || !FORBIDDEN_GLOBALS.has(node.text)) return undefined;
  const { parent } = node;
  // A member or a parameter may be called so; the global is what is read without a name before it.
  const isName = parent.name === node || parent.propertyName === node;
  if (isName && !ts.isShorthandPropertyAssignment(parent)) return undefined;
  return declaredAround(node, node.text) ? undefined : node.text;
}

/** Whether a function around the node takes a parameter of that name, which then is what the name means. */
function declaredAround(node, name) {
  for (let around = node.parent; around !== undefined; around = around.parent) {
    if (!ts.isFunctionLike(around)) continue;
    if (around.parameters.some((parameter) => parameter.name.getText().match(new RegExp(`\\b${name}\\b`)))) return true;
  }
  return false;
}

function* sources(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(ts|mts|tsx)$/.test(entry.name) && !entry.name.endsWith('.d.ts')) yield path;
  }
}

/** Each circle of the graph once, as folder names from one member back to it. */
function circles(graph) {
  const found = [];
  const done = new Set();
  const walk = (workspace, path) => {
    const index = path.indexOf(workspace);
    if (index >= 0) {
      found.push([...path.slice(index), workspace].map(({ folder }) => folder));
      return;
    }
    if (done.has(workspace)) return;
    for (const other of graph.get(workspace) ?? []) walk(other, [...path, workspace]);
    done.add(workspace);
  };
  for (const workspace of graph.keys()) walk(workspace, []);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = breaches();
  for (const line of found) console.error(line);
  console.log(
    found.length === 0 ? `layers: ${workspaces().length} packages keep the rules` : `${found.length} breaches`,
  );
  process.exitCode = found.length === 0 ? 0 : 1;
}
