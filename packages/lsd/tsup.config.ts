import { buildOf } from '../../tsup.shared.ts';

export default buildOf(import.meta.dirname);
