// What a test asks of a foreign client: to be a seed or a leech of one torrent, driven the way its users drive it.
import type { Lan } from '../lan.ts';
import type { ProgramName } from '../programs.ts';
import type { Running, Scene } from '../scene.ts';

export interface PeerTask {
  /** A .torrent's path; of a leech a magnet link too. */
  readonly torrent: string;
  /** The folder that holds, or will hold, the torrent's top name. */
  readonly dir: string;
  readonly role: 'seed' | 'leech';
  /** Where it listens and dials from: an address that nobody else has unless told; webtorrent takes ::1 alone. */
  readonly host?: string;
  /** A file that stands for /etc/hosts: Transmission alone, which reads no tracker's address in brackets. */
  readonly hosts?: string;
  /** Seeds on once it has everything, for aria2, which ends then unless told; the others do so anyway. */
  readonly stays?: boolean;
  /** What its tracker speaks, HTTP unless told: aria2 asks over UDP only beside a DHT. */
  readonly tracker?: 'http' | 'udp';
  /** Has it scrape too, once it has announced. Transmission does so anyway, aria2 never. */
  readonly scrape?: boolean;
  /** Bytes a second, libtorrent and Transmission alone. */
  readonly down?: number;
  readonly up?: number;
  /** Paths below the download folder of the files that are wanted, libtorrent alone; all unless told. */
  readonly only?: readonly string[];
  /** `HOST:PORT`s to connect to, libtorrent alone. */
  readonly dial?: readonly string[];
  /** By what it finds peers besides its tracker; libtorrent and Transmission alone. */
  readonly find?: readonly ('lsd' | 'pex')[];
  /** The network it is in, if not this machine's own; libtorrent and Transmission alone. */
  readonly lan?: Lan;
}

/** A foreign client at work. */
export interface ForeignPeer {
  readonly running: Running;
  /** Where it takes peers. */
  readonly address: string;
  /** A leech: whether it says that everything is there. */
  isComplete(): Promise<boolean>;
  /** A seed: whether it has checked its data. */
  isSeeding(): Promise<boolean>;
  /** Whom it is connected to, `HOST:PORT` each; libtorrent and Transmission tell. */
  peers?(): Promise<readonly string[]>;
  /** Whether a tracker has heard of it; a client that dials does not tell, for then it does not matter. */
  isAnnounced?(): Promise<boolean>;
  /** Has it say goodbye to its tracker, where an interrupt alone does not. */
  leave?(): Promise<void>;
}

export interface ForeignClient {
  readonly name: string;
  readonly program: ProgramName;
  /** Whether it dials peers on 127.x that a tracker names; one that does not must be dialled. */
  readonly dialsLoopback: boolean;
  /** Whether it tells the tracker that it seeds while it has nothing but a magnet link: then nobody is told to it, nor it to seeds. */
  readonly seedsWithoutMetadata?: boolean;
  /** Whether it makes a file where there are no bytes. */
  readonly makesEmptyFiles: boolean;
  start(scene: Scene, task: PeerTask): Promise<ForeignPeer>;
}
