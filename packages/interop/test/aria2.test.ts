import { aria2 } from '../src/peers.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers('aria2', 'aria2c', aria2);
