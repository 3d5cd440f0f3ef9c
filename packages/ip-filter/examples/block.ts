import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IpFilter, parseIpFilter } from '@shoal/ip-filter';
import { readIpFilter } from '@shoal/ip-filter/node';

const LIST = `# the usual formats, in any mixture
001.002.003.000 - 001.002.003.255 , 100 , eMule
Some Organization:10.0.0.4-10.0.0.9
2001:db8::/32
this line says nothing`;

/** Reads a list from a file and one from text, and asks both at once. */
export async function run(): Promise<{ blocked: string[]; skipped: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'ip-filter-'));
  try {
    const file = join(folder, 'ipfilter.dat');
    await writeFile(file, LIST);
    const listed = await readIpFilter(file);
    const own = await parseIpFilter('192.0.2.7');
    const filter = IpFilter.merge([listed.filter, own.filter]);

    const peers = ['1.2.3.4', '10.0.0.10', '::ffff:10.0.0.5', '2001:db8::7', '192.0.2.7'];
    return {
      blocked: peers.filter((ip) => filter.blocks(ip)),
      skipped: listed.skipped.map(({ line, text, reason }) => `line ${line}: ${reason} (${text})`),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
