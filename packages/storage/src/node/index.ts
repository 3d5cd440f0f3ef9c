export { allocateUninitialized } from './allocate-uninitialized.ts';
export { DiskStorage, type DiskStorageOptions } from './disk-storage.ts';
export { createFolderStateStore, type FolderStateStore } from './folder-state-store.ts';
export { createNodeHasher } from './hasher.ts';
export type { Rename } from './move-files.ts';
export { OpenFiles } from './open-files.ts';
export type { DiskFile } from './torrent-files.ts';
export { writeFileAtomic } from './write-file-atomic.ts';
