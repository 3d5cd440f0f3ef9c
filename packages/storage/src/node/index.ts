export { allocateUninitialized } from './allocate-uninitialized.ts';
export { type DiskFile, DiskStorage, type DiskStorageOptions } from './disk-storage.ts';
export { createFolderStateStore, type FolderStateStore } from './folder-state-store.ts';
export { createNodeHasher } from './hasher.ts';
export { OpenFiles } from './open-files.ts';
export { writeFileAtomic } from './write-file-atomic.ts';
