export { type CreatedTorrent, type CreateTorrentOptions, createTorrent } from './create-torrent.ts';
export { nodeDigests } from './digests.ts';
export { parseAnyTorrent, parseTorrent, readAnyMetainfo, readMetainfo } from './read-metainfo.ts';
