export type { BlockRef } from './choice.ts';
export { DEFAULT_PRIORITY, MAX_PRIORITY, type PickOrder } from './fresh-pieces.ts';
export type { PickerPeer } from './peer.ts';
export { Picker, type PickerOptions, type PickOptions, type Received } from './picker.ts';
export type { PickerGeometry, PickerLimits } from './pieces.ts';
