// npm's bittorrent-tracker over HTTP and UDP on 127.0.0.1 and a port: bittorrent_tracker.mjs PORT. Says `listening PORT`.
// The server's own entry: the other one loads WebRTC's native part, which is not here.
import Server from 'bittorrent-tracker/server';

const port = Number(process.argv[2]);
const server = new Server({ http: true, udp: true, ws: false, stats: false });
server.on('error', (error) => {
  console.error(String(error));
  process.exit(1);
});
const hosts = { http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1' };
server.listen(port, hosts, () => console.log(`listening ${port}`));
