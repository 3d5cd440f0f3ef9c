// The packages of npm that stand beside ours. Started as it is: a bundle would have to carry all that they import.
export { default as bencode } from 'bencode';
export { default as Wire } from 'bittorrent-protocol';
