// The reference of every published package, made of its docstrings: `api.mjs` writes it to docs/api, which git does not
// keep. What is exported without a docstring is a fault, and so is whatever the generator warns of.

import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, Logger, LogLevel, ReflectionKind } from 'typedoc';
import { root, workspaces } from './workspace.mjs';

const TARGET = join(root, 'docs/api');

/** Keeps what is wrong instead of writing it, as lines without colours. */
class FaultLog extends Logger {
  faults = [];
  log(message, level) {
    if (level < LogLevel.Warn) return;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters.
    this.faults.push(message.replace(/\u001b\[\d+m/g, ''));
  }
}

/**
 * Reads all docstrings, and writes the reference where `target` says so.
 * @returns {Promise<string[]>} what is wrong, some lines each
 */
export async function apiFaults(target) {
  const published = workspaces().filter((workspace) => workspace.published);
  const entries = entryPoints(published);
  const app = await Application.bootstrap({
    name: 'Shoal',
    entryPoints: [...entries.keys()],
    tsconfig: join(root, 'scripts/tsconfig.api.json'),
    readme: join(root, 'ARCHITECTURE.md'),
    // Types are checked elsewhere.
    skipErrorChecking: true,
    excludePrivate: true,
    excludeInternal: true,
    // What a package only passes on is described where it is from.
    excludeReferences: true,
    disableSources: true,
    disableGit: true,
    hideGenerator: true,
    validation: { notDocumented: false, notExported: false, invalidLink: true, invalidPath: false },
  });
  const log = new FaultLog();
  app.logger = log;
  const project = await app.convert();
  if (project === undefined) return [...log.faults, 'the sources could not be read'];
  // By its file each would be called "wire/src": it is called as one imports it.
  for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
    const name = entries.get(project.getSymbolIdFromReflection(module)?.fileName);
    if (name === undefined) continue;
    module.name = name;
    const bare = (module.children ?? []).filter((each) => !isDescribed(each));
    for (const each of bare) log.faults.push(`${name}: ${each.name} has no docstring`);
  }
  app.validate(project);
  if (target !== undefined) await app.generateDocs(project, target);
  return log.faults;
}

/** Its members may explain themselves; what is exported says what it is. */
function isDescribed(reflection) {
  return reflection.hasComment() || (reflection.signatures ?? []).some((each) => each.hasComment());
}

/** Source file → the name one imports it by. */
function entryPoints(published) {
  const found = new Map();
  for (const { directory, manifest } of published) {
    for (const [entry, target] of Object.entries(manifest.exports ?? {})) {
      const source = target['@shoal/source'];
      if (source !== undefined) found.set(join(directory, source), manifest.name + entry.slice(1));
    }
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = await apiFaults(TARGET);
  for (const fault of faults) console.error(fault);
  const page = relative(process.cwd(), join(TARGET, 'index.html')).split(sep).join('/');
  console.log(faults.length === 0 ? page : `${page}, with ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
