// What must hold of every path that leaves the reader, on every system. With bare assertions: the long tests call it often.
import assert from 'node:assert/strict';
import type { AnyMetainfo, Platform } from '../src/index.ts';

export function assertSafe(metainfo: AnyMetainfo, system: Platform): void {
  const fold = (text: string): string =>
    system === 'posix' ? text : text.normalize('NFC').toLowerCase().normalize('NFC');
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const { path, padding } of metainfo.files) {
    assert.equal(path[0], metainfo.name);
    assert.ok(path.length <= 100, `${path.length} components`);
    for (const component of path) {
      assert.doesNotMatch(component, /^\.{0,2}$|[/\\\p{Cc}\p{Bidi_Control}]/u);
      assert.ok(Buffer.byteLength(component) <= 240, component);
      assert.equal(Buffer.from(component).toString(), component);
      if (system === 'windows') assert.doesNotMatch(component, /[<>:"|?*]|[. ]$|^(?:con|nul)(?:\.|$)/i);
    }
    if (padding) continue;
    const whole = fold(path.join('/'));
    assert.ok(!files.has(whole), `${whole} stands twice`);
    files.add(whole);
    for (let level = 1; level < path.length; level++) folders.add(fold(path.slice(0, level).join('/')));
  }
  for (const file of files) assert.ok(!folders.has(file), `${file} is a file and a folder`);
}
