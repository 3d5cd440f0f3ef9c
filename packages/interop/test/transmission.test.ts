import { transmission } from '../src/peers.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers('Transmission', 'transmission-daemon', transmission);
