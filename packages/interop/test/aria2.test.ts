import { aria2 } from '../src/clients/aria2.ts';
import { testTransfers } from '../src/suite.ts';

testTransfers(aria2, 'a file of 64 MiB', 'a tree of 200 files');
