// How much the searches looked at. A clock says little on a busy machine; this is what the tests of scale bound, and what
// tells in a running client whether picking is what takes the time.

/** Counts what is looked at: one piece, or 32 pieces where sets are compared by words. Only grows. */
export interface Effort {
  steps: number;
}
