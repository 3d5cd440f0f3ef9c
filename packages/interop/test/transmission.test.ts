import { transmission } from '../src/clients/transmission.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers(transmission, 'a file of 64 MiB', 'a tree of 200 files');
