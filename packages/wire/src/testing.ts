// The compliance suite of the Extension contract.
export {};
