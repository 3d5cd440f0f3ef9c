export { DEFAULT_PRIORITY, MAX_PRIORITY } from './fresh-pieces.ts';
export type { PickerPeer } from './peer.ts';
export {
  type BlockRef,
  Picker,
  type PickerGeometry,
  type PickerLimits,
  type PickerOptions,
  type Received,
} from './picker.ts';
